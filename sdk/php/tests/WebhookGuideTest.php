<?php

declare(strict_types=1);

namespace Gatepost\Tests;

use Gatepost\Tests\Support\Backend;
use Gatepost\Tests\Support\Node;
use Gatepost\Tests\Support\Refused;
use Gatepost\Tests\Support\Socket;
use PHPUnit\Framework\TestCase;

/** What docs/php.md shows works as it stands there. */
final class WebhookGuideTest extends TestCase
{
    private string $script;

    protected function setUp(): void
    {
        $guide = (string) file_get_contents(__DIR__ . '/../../../docs/php.md');
        self::assertSame(1, preg_match('~^```php\n(<\?php // webhook\.php.*?)^```$~ms', $guide, $found));
        $autoload = var_export(dirname(__DIR__) . '/autoload.php', true);
        $this->script = sys_get_temp_dir() . '/gatepost-guide-' . bin2hex(random_bytes(6)) . '.php';
        file_put_contents($this->script, strtr($found[1], ["__DIR__ . '/vendor/autoload.php'" => $autoload]));
    }

    protected function tearDown(): void
    {
        unlink($this->script);
    }

    public function testAWebhookInTenLines(): void
    {
        $backend = Backend::start($this->script, ['GATEPOST_WEBHOOK_SECRET' => Node::WEBHOOK_SECRET]);
        $node = Node::start(['GATEPOST_WEBHOOK_URL' => $backend->url, 'GATEPOST_WEBHOOK_SECRET' => Node::WEBHOOK_SECRET]);
        $anna = Socket::connect($node->addr, '/ws?name=anna');
        $bob = Socket::connect($node->addr, '/ws?name=bob');
        $bob->send('hello');
        self::assertSame(['bob: hello', 'bob: hello'], [$anna->next(), $bob->next()]);
        unset($bob);
        self::assertSame('bob has left', $anna->next());
        $this->expectExceptionObject(new Refused('Connect with ?name=', 403));
        Socket::connect($node->addr);
    }
}
