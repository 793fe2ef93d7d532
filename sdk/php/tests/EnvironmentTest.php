<?php

declare(strict_types=1);

namespace Gatepost\Tests;

use Gatepost\Client;
use Gatepost\Environment;
use Gatepost\Event\Close;
use Gatepost\Exception\InvalidArgument;
use Gatepost\Tests\Support\Node;
use Gatepost\Webhook;
use PHPUnit\Framework\TestCase;

/** Secrets in the environment and in files, whatever ends their line: both sides must have the same. */
final class EnvironmentTest extends TestCase
{
    private string $file;

    protected function setUp(): void
    {
        $this->file = (string) tempnam(sys_get_temp_dir(), 'secret');
    }

    protected function tearDown(): void
    {
        unlink($this->file);
        foreach (['GATEPOST_SECRET', 'GATEPOST_TOKEN', 'GATEPOST_WEBHOOK_SECRET'] as $name) {
            putenv($name);
            putenv($name . '_FILE');
        }
    }

    /** @return iterable<string, array{string}> */
    public static function ends(): iterable
    {
        yield 'nothing' => [''];
        yield 'echo' => ["\n"];
        yield 'Windows' => ["\r\n"];
        yield 'an editor' => ["\n\n"];
    }

    /** @dataProvider ends */
    public function testANewlineIsNoPartOfASecret(string $end): void
    {
        file_put_contents($this->file, Node::SECRET . $end);
        putenv('GATEPOST_SECRET_FILE=' . $this->file);
        self::assertSame(Node::SECRET, Environment::secret('GATEPOST_SECRET'));
        $tokens = [(new Client('http://a'))->clientToken(42)];
        putenv('GATEPOST_SECRET_FILE');
        putenv('GATEPOST_SECRET=' . Node::SECRET . $end);
        $tokens[] = (new Client('http://a'))->clientToken(42);
        $tokens[] = (new Client('http://a', Node::SECRET . $end))->clientToken(42);
        $tokens[] = (new Client('http://a', Node::SECRET))->clientToken(42);
        foreach ($tokens as $token) {
            self::assertSigned($token);
        }

        $gateway = Webhook::fake();
        $request = $gateway->request('close');
        file_put_contents($this->file, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n" . $gateway->secret . $end);
        putenv('GATEPOST_WEBHOOK_SECRET_FILE=' . $this->file);
        self::assertInstanceOf(Close::class, (new Webhook())->receive($request->headers, $request->body));
    }

    public function testTheFirstOfSeveralSigns(): void
    {
        $several = [Node::SECRET . "\nother", Node::SECRET . "\r\nother,third", Node::SECRET . " , other\nthird", "\n," . Node::SECRET];
        foreach ($several as $secrets) {
            file_put_contents($this->file, $secrets);
            putenv('GATEPOST_SECRET_FILE=' . $this->file);
            self::assertSigned((new Client('http://a'))->clientToken(42));
            self::assertSigned((new Client('http://a', $secrets))->clientToken(42));
        }
    }

    private static function assertSigned(string $token): void
    {
        [$header, $claims, $signature] = explode('.', $token);
        $want = hash_hmac('sha256', "$header.$claims", Node::SECRET, true);
        self::assertSame($want, base64_decode(strtr($signature, '-_', '+/')));
    }

    /** As Laravel's env() has a line "GATEPOST_SECRET=" of .env, or getenv() what isn't there. */
    public function testWhatIsEmptyIsNotGiven(): void
    {
        file_put_contents($this->file, Node::SECRET);
        putenv('GATEPOST_SECRET_FILE=' . $this->file);
        self::assertNotSame('', (new Client('http://a', '', ''))->clientToken(42));

        $gateway = Webhook::fake();
        $request = $gateway->request('close');
        file_put_contents($this->file, $gateway->secret);
        putenv('GATEPOST_WEBHOOK_SECRET_FILE=' . $this->file);
        foreach (['', [], null] as $none) {
            self::assertInstanceOf(Close::class, (new Webhook($none))->receive($request->headers, $request->body));
        }
    }

    public function testATokenInAFile(): void
    {
        file_put_contents($this->file, "a.b.c\r\n");
        putenv('GATEPOST_TOKEN_FILE=' . $this->file);
        self::assertSame('a.b.c', Environment::secret('GATEPOST_TOKEN'));
    }

    public function testWhatIsWrongIsSaid(): void
    {
        $wrong = static function (string $file): string {
            putenv('GATEPOST_SECRET_FILE=' . $file);
            try {
                new Client('http://a');
            } catch (InvalidArgument $e) {
                return $e->getMessage();
            }
            return 'nothing';
        };
        self::assertStringContainsString("can't be read", $wrong('/nonexistent'));
        self::assertStringContainsString("can't be read", $wrong('/'));
        self::assertStringContainsString('is empty', $wrong($this->file));
        file_put_contents($this->file, 'GATEPOST_SECRET=' . Node::SECRET . "\n");
        self::assertStringContainsString('the secret alone', $wrong($this->file));
        putenv('GATEPOST_SECRET=' . Node::SECRET);
        self::assertStringContainsString('GATEPOST_SECRET_FILE', $wrong($this->file));
        self::assertStringContainsString('stands beside GATEPOST_SECRET', $wrong($this->file));
    }
}
