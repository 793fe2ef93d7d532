<?php

declare(strict_types=1);

namespace Gatepost\Tests;

use Gatepost\Client;
use Gatepost\Tests\Support\Backend;
use Gatepost\Tests\Support\Node;
use Gatepost\Tests\Support\Socket;
use PHPUnit\Framework\TestCase;

/** Events that a backend refuses, listed, shown, sent again and thrown away. */
final class DeadLettersTest extends TestCase
{
    public function testDeadLetters(): void
    {
        $backend = Backend::start(__DIR__ . '/Support/backends/refuses.php');
        $node = Node::start([
            'GATEPOST_WEBHOOK_URL' => $backend->url . '/',
            'GATEPOST_WEBHOOK_SECRET' => Node::WEBHOOK_SECRET,
        ]);
        $client = new Client($node->url, Node::SECRET);
        $socket = Socket::connect($node->addr);
        $socket->send('first');
        $socket->send('second');
        $letters = self::await(static fn () => iterator_to_array($client->eachDeadLetter(1), false), 2);

        $letter = $client->deadLetter($letters[0]->id);
        self::assertSame(['message', $socket->id(), 'rejected'], [$letter?->type, $letter?->clientId, $letter?->reason]);
        self::assertSame(400, $letter->attempts[0]['status']);
        self::assertContains($letter->event['data']['message']['text'] ?? null, ['first', 'second']);
        self::assertNull($letters[0]->event);
        self::assertNull($client->deadLetter('evt_nothing'));
        self::assertNull($client->deadLetters(2)->cursor);

        self::assertSame(1, $client->replayDeadLetters([$letters[0]->id]));
        self::await(static fn () => $client->deadLetter($letters[0]->id)?->attempts ?? [], 2);
        $client->dropDeadLetter($letters[0]->id);
        self::assertSame([$letters[1]->id], array_column($client->deadLetters()->items, 'id'));
        self::assertSame(1, $client->replayAllDeadLetters());
    }

    /**
     * Waits until there are so many.
     *
     * @param callable(): array<mixed> $list
     * @return array<mixed>
     */
    private static function await(callable $list, int $count): array
    {
        $deadline = microtime(true) + 10;
        do {
            $found = $list();
            if (count($found) >= $count) {
                return $found;
            }
            usleep(10_000);
        } while (microtime(true) < $deadline);
        self::fail("there are not $count after 10 s");
    }
}
