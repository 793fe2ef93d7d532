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
    private string $dir;
    private Backend $backend;

    protected function setUp(): void
    {
        $this->dir = sys_get_temp_dir() . '/gatepost-guide-' . bin2hex(random_bytes(6));
        mkdir("$this->dir/vendor", recursive: true);
        $autoload = var_export(dirname(__DIR__) . '/autoload.php', true);
        file_put_contents("$this->dir/vendor/autoload.php", "<?php require $autoload;");
        $guide = (string) file_get_contents(__DIR__ . '/../../../docs/php.md');
        preg_match_all('~^```php\n(<\?php // (\w+\.php)\b.*?)^```$~ms', $guide, $blocks, PREG_SET_ORDER);
        foreach ($blocks as [, $php, $name]) {
            file_put_contents("$this->dir/$name", $php);
        }
    }

    protected function tearDown(): void
    {
        foreach ([...glob("$this->dir/vendor/*") ?: [], ...glob("$this->dir/*.php") ?: []] as $file) {
            unlink($file);
        }
        rmdir("$this->dir/vendor");
        rmdir($this->dir);
    }

    /** A node whose events this script of the guide gets. */
    private function node(string $script): Node
    {
        // Of the two each has to know the other's address.
        file_put_contents("$this->dir/page.php", "<?php putenv('GATEPOST_URL=' . @file_get_contents(__DIR__ . '/url.php'));
            require '$script';");
        $this->backend = Backend::start("$this->dir/page.php", [
            'GATEPOST_SECRET' => Node::SECRET,
            'GATEPOST_WEBHOOK_SECRET' => Node::WEBHOOK_SECRET,
        ]);
        $node = Node::start([
            'GATEPOST_WEBHOOK_URL' => $this->backend->url,
            'GATEPOST_WEBHOOK_SECRET' => Node::WEBHOOK_SECRET,
        ]);
        file_put_contents("$this->dir/url.php", $node->url);
        return $node;
    }

    public function testAWebhookInTenLines(): void
    {
        $node = $this->node('webhook.php');
        $anna = Socket::connect($node->addr, '/ws?name=anna');
        $bob = Socket::connect($node->addr, '/ws?name=bob');
        $bob->send('hello');
        self::assertSame(['bob: hello', 'bob: hello'], [$anna->next(), $bob->next()]);
        unset($bob);
        self::assertSame('bob has left', $anna->next());
        $this->expectExceptionObject(new Refused('Connect with ?name=', 403));
        Socket::connect($node->addr);
    }

    public function testASubprotocolIsChosen(): void
    {
        $node = $this->node('subprotocol.php');
        $selected = static fn (string $offered): ?string =>
            Socket::connect($node->addr, '/ws', ['Sec-WebSocket-Protocol' => $offered])->subprotocol;
        self::assertSame(['chat.v2', null], [$selected('chat.v1, chat.v2'), $selected('chat.v1')]);
    }

    public function testUntilStandsForATimer(): void
    {
        file_put_contents("$this->dir/adapted.php", '<?php
            require "vendor/autoload.php";
            require file_exists("soon.php") ? "./soon.php" : "./Events.php"; // opcache would not see a change at once
            (new Gatepost\Webhook())->handle(new Gatepost\EventsAdapter());');
        $node = $this->node('adapted.php');
        $known = Socket::connect($node->addr);
        $known->send('the right password');
        self::assertSame('welcome', $known->next());
        $events = (string) file_get_contents("$this->dir/Events.php");
        file_put_contents("$this->dir/soon.php", str_replace('time() + 30', 'time() + 1', $events, $changed));
        self::assertSame(1, $changed);
        $stranger = Socket::connect($node->addr, '/ws', ['Sec-WebSocket-Protocol' => 'a, b']);
        self::assertSame(['a', 4001], [$stranger->subprotocol, $stranger->closeCode()]);
        $known->send('the right password');
        self::assertSame('welcome', $known->next());
    }
}
