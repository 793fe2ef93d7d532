<?php

declare(strict_types=1);

namespace Gatepost\Calls;

use Gatepost\Json;
use Gatepost\Result\DeadLetter;
use Gatepost\Result\Page;

/** @internal calls of Gatepost\Client: events that weren't delivered. Their scope is admin */
trait DeadLetters
{
    /**
     * A page of the dead letters.
     *
     * @return Page<int, DeadLetter>
     */
    public function deadLetters(int $limit = 100, ?string $cursor = null): Page
    {
        $answer = self::object($this->call(
            'GET',
            '/events/dead',
            ['limit' => $limit, 'cursor' => $cursor],
            scope: 'admin',
        ), 'GET /events/dead');
        return new Page(array_map(DeadLetter::of(...), $answer['events'] ?? []), $answer['cursor'] ?? null);
    }

    /**
     * All dead letters, page by page as they are needed.
     *
     * @return \Generator<int, DeadLetter>
     */
    public function eachDeadLetter(int $pageSize = 100): \Generator
    {
        $cursor = null;
        do {
            $page = $this->deadLetters($pageSize, $cursor);
            foreach ($page->items as $letter) {
                yield $letter;
            }
            $cursor = $page->cursor;
        } while ($cursor !== null);
    }

    /** A dead letter with its body, or null where there is none of this id. */
    public function deadLetter(string $id): ?DeadLetter
    {
        $path = '/events/dead/show';
        $body = Json::encode(['id' => $id]);
        $response = $this->call('POST', $path, body: $body, accepted: [404], scope: 'admin', reads: true);
        return $response->status === 404 ? null : DeadLetter::of(self::object($response, "POST $path"));
    }

    /**
     * Sends dead letters again.
     *
     * @param list<string> $ids at most 1,000
     * @return int how many are being sent
     */
    public function replayDeadLetters(array $ids): int
    {
        return $this->replay(['ids' => array_values($ids)]);
    }

    /** Sends all dead letters again. @return int how many are being sent */
    public function replayAllDeadLetters(): int
    {
        return $this->replay(['all' => true]);
    }

    /** Throws a dead letter away. */
    public function dropDeadLetter(string $id): void
    {
        $this->call('POST', '/events/dead/drop', body: Json::encode(['id' => $id]), scope: 'admin');
    }

    /** @param array<string, mixed> $which */
    private function replay(array $which): int
    {
        $path = '/events/dead/replay';
        $response = $this->call('POST', $path, body: Json::encode($which), scope: 'admin');
        return self::object($response, "POST $path")['replayed'] ?? 0;
    }
}
