<?php

declare(strict_types=1);

namespace Gatepost\Tests;

use Gatepost\Event;
use Gatepost\Exception\InvalidArgument;
use Gatepost\Once\ApcuStore;
use Gatepost\Once\Claim;
use Gatepost\Once\FileStore;
use Gatepost\Once\PdoStore;
use Gatepost\Once\Store;
use Gatepost\Reply;
use Gatepost\Webhook;
use PDO;
use PHPUnit\Framework\TestCase;

/** A repeated event is answered with the stored reply, and isn't run again, whatever the store. */
final class OnceTest extends TestCase
{
    private string $directory;

    protected function setUp(): void
    {
        $this->directory = self::newDirectory();
    }

    protected function tearDown(): void
    {
        foreach (glob($this->directory . '/{,*/}*', GLOB_BRACE) ?: [] as $path) {
            is_dir($path) || unlink($path);
        }
        array_map('rmdir', glob($this->directory . '/*') ?: []);
        rmdir($this->directory);
    }

    /** @return array<string, array{0: string}> */
    public function stores(): array
    {
        return ['files' => ['files'], 'SQLite' => ['sqlite'], 'APCu' => ['apcu']];
    }

    private function store(string $kind): Store
    {
        if ($kind === 'apcu') {
            if (!function_exists('apcu_enabled') || !apcu_enabled()) {
                self::markTestSkipped('needs php-apcu and php -d apc.enable_cli=1, as "go test ./test/php" runs it');
            }
            return new ApcuStore('test' . bin2hex(random_bytes(8)));
        }
        return self::shared($kind, $this->directory);
    }

    /** A store that several processes can share. */
    public static function shared(string $kind, string $directory): Store
    {
        if ($kind === 'files') {
            return new FileStore($directory . '/once');
        }
        $store = new PdoStore(new PDO('sqlite:' . $directory . '/once.sqlite'));
        $store->createTable();
        return $store;
    }

    /** @dataProvider stores */
    public function testARepeatIsAnsweredAndNotRun(string $kind): void
    {
        $runs = 0;
        $handler = Webhook::once($this->store($kind), static function (Event $event) use (&$runs): Reply {
            $runs++;
            return Reply::accept()->reply(['run' => $runs, 'empty' => new \stdClass(), 'list' => []])->join('a')
                ->session(['n' => 1.0, 'o' => (object) []]);
        });
        $first = Webhook::fake()->message($handler, 'x', ['id' => 'evt_1']);
        $again = Webhook::fake()->message($handler, 'x', ['id' => 'evt_1']);
        self::assertSame($first->toJson(), $again->toJson());
        self::assertSame(1, $runs);
        Webhook::fake()->message($handler, 'x', ['id' => 'evt_2']);
        self::assertSame(2, $runs);
    }

    /** @dataProvider stores */
    public function testARefusalIsStoredToo(string $kind): void
    {
        $runs = 0;
        $handler = Webhook::once($this->store($kind), ['connect' => static function () use (&$runs): Reply {
            $runs++;
            return Reply::refuse(402, 'pay first');
        }]);
        Webhook::fake()->connect($handler, ['id' => 'evt_1']);
        $again = Webhook::fake()->connect($handler, ['id' => 'evt_1']);
        self::assertSame([402, 'pay first', 1], [$again->status, $again->text, $runs]);
    }

    /** @dataProvider stores */
    public function testWhatFailedIsRunAgain(string $kind): void
    {
        $answers = [new \RuntimeException('boom'), Reply::retry(), "\xff", 'done'];
        $handler = Webhook::once($this->store($kind), static function () use (&$answers): mixed {
            $answer = array_shift($answers);
            return $answer instanceof \Throwable ? throw $answer : $answer;
        });
        $gateway = Webhook::fake();
        $statuses = [];
        foreach (range(1, 5) as $_) {
            $statuses[] = $gateway->send($handler, 'message', ['id' => 'evt_1'])->status;
        }
        self::assertSame([500, 503, 500, 200, 200], $statuses);
    }

    /** @dataProvider stores */
    public function testARepeatBesideTheFirstIsSentAway(string $kind): void
    {
        $store = $this->store($kind);
        self::assertTrue($store->claim('evt_1', str_repeat('a', 32), 60)->isMine);
        $handler = Webhook::once($store, static fn () => self::fail('it ran'), wait: 0.1);
        $reply = Webhook::fake()->message($handler, 'x', ['id' => 'evt_1']);
        self::assertSame([503, 1], [$reply->status, $reply->retryAfter]);
    }

    /** @dataProvider stores */
    public function testOnlyTheOwnerFinishesAndReleases(string $kind): void
    {
        $store = $this->store($kind);
        [$mine, $other] = [str_repeat('a', 32), str_repeat('b', 32)];
        $store->claim('evt_1', $mine, 60);
        $store->finish('evt_1', $other, '{}', 60);
        $store->release('evt_1', $other);
        self::assertEquals(Claim::running(), $store->claim('evt_1', $other, 60));
        $store->finish('evt_1', $mine, '{"a":"ü"}', 60);
        self::assertEquals(Claim::done('{"a":"ü"}'), $store->claim('evt_1', $other, 60));
    }

    /** @return array<string, array{0: string}> */
    public function storesWithAClock(): array
    {
        return ['files' => ['files'], 'SQLite' => ['sqlite']];
    }

    /**
     * A lease or a time to live of less than nothing has expired already.
     *
     * @dataProvider storesWithAClock
     */
    public function testClaimsAndRepliesExpire(string $kind): void
    {
        $store = $this->store($kind);
        [$first, $second] = [str_repeat('a', 32), str_repeat('b', 32)];
        $store->claim('evt_1', $first, -1);
        self::assertTrue($store->claim('evt_1', $second, 60)->isMine);
        $store->finish('evt_1', $first, '"late"', 60); // it was taken for dead
        self::assertFalse($store->claim('evt_1', $first, 60)->isMine);
        $store->finish('evt_1', $second, '{}', -1);
        self::assertTrue($store->claim('evt_1', $first, -1)->isMine);
        $store->claim('evt_2', $first, 60);
        assert($store instanceof FileStore || $store instanceof PdoStore);
        self::assertSame(1, $store->prune());
        self::assertEquals(Claim::running(), $store->claim('evt_2', $second, 60));
    }

    /** @dataProvider stores */
    public function testStrangeIdsStayApart(string $kind): void
    {
        $store = $this->store($kind);
        $ids = ['a', 'A', 'a ', str_repeat('x', 300), str_repeat('x', 301), "ü", '../a', "a\0b"];
        foreach ($ids as $id) {
            self::assertTrue($store->claim($id, str_repeat('a', 32), 60)->isMine, $id);
        }
        foreach ($ids as $id) {
            self::assertFalse($store->claim($id, str_repeat('a', 32), 60)->isMine, $id);
        }
    }

    /**
     * Eight processes get the same event at the same time: one runs it, all answer the same.
     *
     * @dataProvider storesWithAClock
     */
    public function testOneOfManyProcessesRuns(string $kind): void
    {
        self::shared($kind, $this->directory);
        $command = [PHP_BINARY, __DIR__ . '/Support/once.php', $kind, $this->directory];
        $processes = $outputs = [];
        foreach (range(1, 8) as $i) {
            $process = proc_open($command, [1 => ['pipe', 'w'], 2 => STDERR], $pipes);
            self::assertIsResource($process);
            [$processes[], $outputs[]] = [$process, $pipes[1]];
        }
        $answers = array_map('stream_get_contents', $outputs);
        array_map('proc_close', $processes);
        self::assertCount(1, array_unique($answers), implode("\n", $answers));
        self::assertStringStartsWith('{"reply":"by ', (string) $answers[0]);
        self::assertSame("ran\n", file_get_contents($this->directory . '/ran'));
    }

    /**
     * Databases for the tests of transactions: SQLite, and those of which GATEPOST_TEST_MYSQL and
     * GATEPOST_TEST_PGSQL have the DSN.
     *
     * @return array<string, array{0: string}>
     */
    public function databases(): array
    {
        $others = array_filter(['MySQL' => getenv('GATEPOST_TEST_MYSQL'), 'PostgreSQL' => getenv('GATEPOST_TEST_PGSQL')]);
        return array_map(static fn (string $dsn): array => [$dsn], ['SQLite' => ''] + $others);
    }

    private function database(string $dsn): PDO
    {
        $database = new PDO($dsn ?: "sqlite:$this->directory/once.sqlite");
        $database->exec('DROP TABLE IF EXISTS gatepost_once');
        $database->exec('DROP TABLE IF EXISTS orders');
        $database->exec('CREATE TABLE orders (n INT NOT NULL)');
        (new PdoStore($database))->createTable();
        return $database;
    }

    /**
     * What the handler left open is undone, and not its claim with it: the next one runs.
     *
     * @dataProvider databases
     */
    public function testATransactionThatAHandlerLeavesOpenIsRolledBack(string $dsn): void
    {
        $begin = static fn (PDO $database) => $database->beginTransaction();
        $raw = static fn (PDO $database) => $database->exec('BEGIN');
        $order = static fn (PDO $database) => $database->exec('INSERT INTO orders VALUES (1)');
        $fail = static fn () => throw new \RuntimeException('the mailer is down');
        $aborted = static fn (PDO $database) => $database->exec('INSERT INTO nowhere VALUES (1)');
        $stale = static fn (PDO $database) => $database->exec('ROLLBACK'); // PDO doesn't know
        $cases = [
            'it throws' => [[$begin, $order, $fail], 'the mailer is down'],
            'a transaction that PDO did not begin' => [[$raw, $order, $fail], 'the mailer is down'],
            'a statement fails' => [[$begin, $order, $aborted], 'nowhere'],
            'it returns' => [[$begin, $order, static fn () => null], 'left a transaction open'],
            'it returns from one that PDO did not begin' => [[$raw, $order, static fn () => null], 'left a transaction open'],
            'PDO takes it for open' => [[$begin, $stale, $fail], 'the mailer is down'],
            'it wants the event again' => [[$begin, $order, static fn () => Reply::retry()], null],
        ];
        $gateway = Webhook::fake();
        foreach ($cases as $case => [$steps, $error]) {
            $database = $this->database($dsn);
            $fails = static function () use ($steps, $database): mixed {
                $returned = array_map(static fn (callable $step): mixed => $step($database), $steps);
                return end($returned);
            };
            $answer = static fn (callable $handler) => $gateway->send(
                Webhook::once(new PdoStore($database), $handler, wait: 0),
                'message',
                ['id' => 'evt_1'],
            );
            $first = $answer($fails);
            self::assertSame($error === null ? 503 : 500, $first->status, $case);
            self::assertStringContainsString((string) $error, (string) $first->error?->getMessage(), $case);
            self::assertFalse($database->inTransaction(), $case);
            $works = static function () use ($database, $begin, $order): array {
                $begin($database);
                $order($database);
                $database->commit();
                return ['reply' => 'done'];
            };
            $database = $dsn === '' ? new PDO("sqlite:$this->directory/once.sqlite") : new PDO($dsn); // as in another request
            self::assertSame([200, 200], [$answer($works)->status, $answer($fails)->status], $case);
            self::assertEquals(1, $database->query('SELECT COUNT(*) FROM orders')->fetchColumn(), $case);
        }
    }

    /** @dataProvider databases */
    public function testNothingIsClaimedInATransaction(string $dsn): void
    {
        $database = $this->database($dsn);
        $handler = Webhook::once(new PdoStore($database), static fn () => self::fail('it ran'));
        foreach ([static fn () => $database->beginTransaction(), static fn () => $database->exec('BEGIN')] as $begin) {
            $begin();
            $response = Webhook::fake()->send($handler, 'message');
            self::assertSame(500, $response->status);
            self::assertStringContainsString('in a transaction', (string) $response->error?->getMessage());
            $database->inTransaction() ? $database->rollBack() : $database->exec('ROLLBACK');
        }
    }

    public function testAClaimThatCannotBeReleasedHidesNoError(): void
    {
        $database = $this->database('');
        $handler = Webhook::once(new PdoStore($database), static function () use ($database): never {
            $database->exec('DROP TABLE gatepost_once');
            throw new \RuntimeException('the mailer is down');
        });
        $before = ini_set('error_log', "$this->directory/log");
        try {
            $response = Webhook::fake()->send($handler, 'message', ['id' => 'evt_1']);
        } finally {
            ini_set('error_log', (string) $before);
        }
        self::assertSame([500, 'the mailer is down'], [$response->status, $response->error?->getMessage()]);
        self::assertStringContainsString('the claim of evt_1', (string) file_get_contents("$this->directory/log"));
    }

    public function testADatabaseThatHidesItsErrorsIsRefused(): void
    {
        $database = new PDO('sqlite::memory:', options: [PDO::ATTR_ERRMODE => PDO::ERRMODE_SILENT]);
        $this->expectException(InvalidArgument::class);
        new PdoStore($database);
    }

    public function testATableIsAPlainName(): void
    {
        $this->expectException(InvalidArgument::class);
        new PdoStore(new PDO('sqlite::memory:'), 'a; DROP TABLE b');
    }

    private static function newDirectory(): string
    {
        $directory = sys_get_temp_dir() . '/gatepost-once-' . bin2hex(random_bytes(8));
        mkdir($directory);
        return $directory;
    }
}
