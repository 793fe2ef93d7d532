<?php

declare(strict_types=1);

namespace Gatepost\Exception;

use Gatepost\Result\ActionResult;

/** A batch that took several calls, the first of which went well. getPrevious() says why. */
final class BatchIncomplete extends \RuntimeException implements GatepostException
{
    /** @param list<ActionResult> $results of the actions that were carried out, the batch's first */
    public function __construct(public readonly array $results, int $actions, GatepostException $why)
    {
        parent::__construct(
            sprintf('%d of %d actions were carried out: %s', count($results), $actions, $why->getMessage()),
            (int) $why->getCode(),
            $why,
        );
    }
}
