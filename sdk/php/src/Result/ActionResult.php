<?php

declare(strict_types=1);

namespace Gatepost\Result;

use Gatepost\Exception\ApiError;

/** What became of one action of a list. */
final class ActionResult
{
    /**
     * @param array<string, mixed> $fields those that the action's HTTP call answers, such as
     *     matched, queued and dropped of a send
     * @param ApiError|null $error why it failed
     */
    public function __construct(
        public readonly bool $ok,
        public readonly array $fields,
        public readonly ?ApiError $error,
    ) {
    }

    /**
     * @internal
     * @param array<string, mixed> $result an entry of results
     * @param string $action its name, for the error's message
     */
    public static function of(array $result, string $action): self
    {
        if (($result['ok'] ?? null) === true) {
            unset($result['ok']);
            return new self(true, $result, null);
        }
        $problem = is_array($result['error'] ?? null) ? $result['error'] : [];
        return new self(false, [], ApiError::of($problem, 500, $action));
    }
}
