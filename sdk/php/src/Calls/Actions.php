<?php

declare(strict_types=1);

namespace Gatepost\Calls;

use Gatepost\Action;
use Gatepost\Exception\ApiError;
use Gatepost\Json;
use Gatepost\Result\ActionResult;
use Gatepost\Token\Scope;

/** @internal calls of Gatepost\Client: several things at once */
trait Actions
{
    /**
     * Does a list of actions in order, in one call: at most 1,000 (Client::batch() takes
     * more). Each fails by itself; their scopes are checked before the first is done.
     *
     * @param list<array<string, mixed>> $actions as the protocol's section on actions has them
     * @return list<ActionResult> one for each
     */
    public function actions(array $actions): array
    {
        if ($actions === []) {
            return [];
        }
        $actions = array_map(Action::normalized(...), array_values($actions));
        $body = Json::encode(['actions' => $actions]);
        $response = $this->call('POST', '/actions', body: $body, scope: Scope::of(...$actions));
        $answer = self::object($response, 'POST /actions');
        $results = $answer['results'] ?? null;
        if (!is_array($results) || count($results) !== count($actions)) {
            throw new ApiError(200, '', 'the answer lacks results', call: 'POST /actions');
        }
        $typed = [];
        foreach ($actions as $i => $action) {
            $typed[] = ActionResult::of($results[$i], (string) ($action['action'] ?? 'action'));
        }
        return $typed;
    }
}
