<?php

declare(strict_types=1);

namespace Gatepost\Tests;

use Gatepost\Exception\InvalidArgument;
use Gatepost\Reply;
use PHPUnit\Framework\TestCase;

/** Replies are the JSON that the protocol has. */
final class ReplyTest extends TestCase
{
    /** @return array<string, array{0: Reply, 1: string}> */
    public function replies(): array
    {
        return [
            'nothing' => [Reply::accept(), '{}'],
            'a connect' => [
                Reply::accept()->uid(42)->groups('a', 7)->session(['n' => 1])->until(1800000000)->subprotocol('chat'),
                '{"uid":"42","groups":["a","7"],"session":{"n":1},"until":1800000000,"subprotocol":"chat"}',
            ],
            'groups in a list' => [
                Reply::accept()->groups(array_filter(['', 'a', 7]))->join('b', ['c', 8])->leave([], ['d']),
                '{"groups":["a","7"],"actions":[{"action":"join","groups":["b","c","8"]},{"action":"leave","groups":["d"]}]}',
            ],
            'an empty session' => [Reply::accept()->session([]), '{"session":{}}'],
            'a session with integers for keys' => [Reply::accept()->session(['x', 'y']), '{"session":{"0":"x","1":"y"}}'],
            'lists with holes' => [
                Reply::of([
                    'groups' => array_filter(['a', '', 'c']),
                    'session' => ['l' => array_filter(['a', '', 'c'])],
                    'actions' => array_filter([null, ['action' => 'leave', 'groups' => array_filter(['', 'b'])]]),
                ])->action(['action' => 'send', 'uids' => [3 => 7], 'except_clients' => [1 => 'c1'], 'json' => [1 => 'x']])
                    ->groups(...array_filter(['a', '', 'c']))->join(...array_filter(['', 'd'])),
                '{"groups":["a","c"],"session":{"l":{"0":"a","2":"c"}},"actions":[{"action":"leave","groups":["b"]},'
                . '{"action":"send","uids":[7],"except_clients":["c1"],"json":{"1":"x"}},{"action":"join","groups":["d"]}]}',
            ],
            'until, as a date' => [Reply::accept()->until(new \DateTimeImmutable('@1800000000')), '{"until":1800000000}'],
            'a close that drops what waits' => [
                Reply::accept()->close(discard: true),
                '{"actions":[{"action":"close","discard":true}]}',
            ],
            'a reply of nothing' => [Reply::accept()->reply(null), '{"reply":null}'],
            'actions in order' => [
                Reply::accept()->bind('u')->join('g')->send('hi', groups: ['g'], exceptClients: ['abc'])
                    ->send(json: ['a' => []], all: true)->leave('g')->action(['action' => 'unbind'])
                    ->close(4100, 'bye', 'last words'),
                '{"actions":[{"action":"bind","uid":"u"},{"action":"join","groups":["g"]},'
                . '{"action":"send","groups":["g"],"except_clients":["abc"],"text":"hi"},'
                . '{"action":"send","all":true,"json":{"a":[]}},{"action":"leave","groups":["g"]},'
                . '{"action":"unbind"},{"action":"close","code":4100,"reason":"bye","text":"last words"}]}',
            ],
        ];
    }

    /** @dataProvider replies */
    public function testIsTheProtocolsJson(Reply $reply, string $json): void
    {
        self::assertSame([200, $json], [$reply->status, $reply->toJson()]);
    }

    /** @return array<string, array{0: callable(): Reply}> */
    public function mistakes(): array
    {
        return [
            'a refusal that accepts' => [static fn () => Reply::refuse(200)],
            'a refusal that fails' => [static fn () => Reply::refuse(500)],
            'a uid with a line break' => [static fn () => Reply::accept()->uid("a\nb")],
            'a group without name' => [static fn () => Reply::accept()->groups('')],
            'one in a list' => [static fn () => Reply::accept()->join(['a', ''])],
            'an unknown field' => [static fn () => Reply::of(['grups' => []])],
            'actions that are none' => [static fn () => Reply::of(['actions' => ['join']])],
            'a message twice' => [static fn () => Reply::accept()->send('a', 'b', all: true)],
        ];
    }

    /**
     * @dataProvider mistakes
     * @param callable(): Reply $make
     */
    public function testAMistakeIsFoundWhereItIsMade(callable $make): void
    {
        $this->expectException(InvalidArgument::class);
        $make();
    }
}
