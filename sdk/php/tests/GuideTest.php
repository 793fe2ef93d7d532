<?php

declare(strict_types=1);

namespace Gatepost\Tests;

use Gatepost\Client;
use Gatepost\Tests\Support\Backend;
use Gatepost\Tests\Support\Node;
use Gatepost\Tests\Support\Socket;
use PHPUnit\Framework\TestCase;

/** What docs/from-gatewayworker.md shows works as it stands there. */
final class GuideTest extends TestCase
{
    private const GUIDE = __DIR__ . '/../../../docs/from-gatewayworker.md';

    private string $dir;
    private \CurlHandle $browser;

    protected function setUp(): void
    {
        $this->dir = sys_get_temp_dir() . '/gatepost-guide-' . bin2hex(random_bytes(6));
        mkdir($this->dir . '/vendor', recursive: true);
        $autoload = var_export(dirname(__DIR__) . '/autoload.php', true);
        file_put_contents($this->dir . '/vendor/autoload.php', "<?php require $autoload;");
        $code = (string) file_get_contents(self::GUIDE);
        preg_match_all('~^```php\n(<\?php // (\w+\.php)\n.*?)^```$~ms', $code, $blocks, PREG_SET_ORDER);
        foreach ($blocks as [, $php, $name]) {
            file_put_contents("$this->dir/$name", $php);
        }
        $this->browser = curl_init();
        curl_setopt_array($this->browser, [CURLOPT_COOKIEFILE => '', CURLOPT_RETURNTRANSFER => true]);
    }

    protected function tearDown(): void
    {
        foreach ([...glob("$this->dir/vendor/*") ?: [], ...glob("$this->dir/*.php") ?: []] as $file) {
            unlink($file);
        }
        rmdir("$this->dir/vendor");
        rmdir($this->dir);
    }

    /** @return iterable<string, array{bool}> */
    public static function ways(): iterable
    {
        yield 'by one changed line in each file' => [false];
        yield 'by one alias for all files' => [true];
    }

    /** @dataProvider ways */
    public function testASiteThatPushes(bool $alias): void
    {
        if ($alias) {
            preg_match('~^class_alias\(.+$~m', (string) file_get_contents(self::GUIDE), $line);
            file_put_contents("$this->dir/vendor/autoload.php", $line[0], FILE_APPEND);
            foreach (['bind.php', 'send.php'] as $file) {
                $code = (string) file_get_contents("$this->dir/$file");
                $code = preg_replace('~^use Gatepost.Gateway; +// was: (.+)$~m', '$1', $code, -1, $changed);
                self::assertSame(1, $changed);
                file_put_contents("$this->dir/$file", $code);
            }
        }
        preg_match("~^welcome: '(.+)'$~m", (string) file_get_contents(self::GUIDE), $welcome);
        $node = Node::start(['GATEPOST_WS_PATH' => '/', 'GATEPOST_WELCOME' => $welcome[1]]);
        file_put_contents("$this->dir/login.php", '<?php session_start(); $_SESSION = $_GET;');
        file_put_contents("$this->dir/pages.php", '<?php require __DIR__ . $_SERVER["SCRIPT_NAME"];');
        $site = Backend::start("$this->dir/pages.php", [
            'GATEPOST_URL' => $node->url,
            'GATEPOST_SECRET' => Node::SECRET,
        ]);

        $page = Socket::connect($node->addr, '/', welcome: false);
        $init = json_decode($page->next(), true);
        self::assertSame('init', $init['type']);
        $this->browse("$site->url/login.php?uid=42&group=room");
        $this->browse("$site->url/bind.php", ['client_id' => $init['client_id']]);
        $shown = (new Client($node->url, Node::SECRET))->client($init['client_id']);
        self::assertSame(['42', ['room']], [$shown?->uid, $shown?->groups]);
        $this->browse("$site->url/send.php", ['uid' => '42', 'group' => 'room', 'message' => 'hello']);
        self::assertSame(['hello', 'hello'], [$page->next(), $page->next()]);
    }

    public function testAnEventsClass(): void
    {
        $backend = Backend::start("$this->dir/webhook.php", ['GATEPOST_WEBHOOK_SECRET' => Node::WEBHOOK_SECRET]);
        $node = Node::start([
            'GATEPOST_WEBHOOK_URL' => $backend->url . '/',
            'GATEPOST_WEBHOOK_SECRET' => Node::WEBHOOK_SECRET,
        ]);
        $a = Socket::connect($node->addr);
        self::assertSame(["Hello {$a->id()}", "{$a->id()} login"], [$a->next(), $a->next()]);
        $b = Socket::connect($node->addr);
        self::assertSame("{$b->id()} login", $a->next());
        self::assertSame(["Hello {$b->id()}", "{$b->id()} login"], [$b->next(), $b->next()]);
        $b->send('haha');
        self::assertSame("{$b->id()} said haha", $a->next());
        self::assertSame("{$b->id()} said haha", $b->next());
        $b->leave();
        self::assertSame("{$b->id()} logout", $a->next());
    }

    public function testAChatWrittenAnew(): void
    {
        // Of the two each has to know the other's address.
        file_put_contents("$this->dir/page.php", '<?php putenv("GATEPOST_URL=" . file_get_contents("url.php"));
            require "chat.php";');
        $backend = Backend::start("$this->dir/page.php", [
            'GATEPOST_SECRET' => Node::SECRET,
            'GATEPOST_WEBHOOK_SECRET' => Node::WEBHOOK_SECRET,
        ]);
        $node = Node::start([
            'GATEPOST_WS_PATH' => '/',
            'GATEPOST_WEBHOOK_URL' => $backend->url . '/',
            'GATEPOST_WEBHOOK_SECRET' => Node::WEBHOOK_SECRET,
        ]);
        file_put_contents("$this->dir/url.php", $node->url);
        $login = static fn (string $name): string => (string) json_encode(
            ['type' => 'login', 'room_id' => 1, 'client_name' => $name],
        );
        $a = Socket::connect($node->addr, '/');
        $a->send('not of this chat');
        $a->send('{"type":"login"}');
        $a->send('{"type":"say","content":"hello","to_client_id":["all"]}');
        $a->send($login('Anna'));
        self::assertSame([$a->id() => 'Anna'], json_decode($a->next(), true)['client_list']);
        $b = Socket::connect($node->addr, '/');
        $b->send($login('<Bob>'));
        $list = json_decode($b->next(), true)['client_list'];
        self::assertSame([$b->id() => '&lt;Bob&gt;', $a->id() => 'Anna'], $list);
        self::assertSame($b->id(), json_decode($a->next(), true)['client_id']);
        foreach (['all', $a->id()] as $to) {
            $b->send(json_encode(['type' => 'say', 'to_client_id' => $to, 'content' => 'hello']));
            foreach ([$a, $b] as $one) {
                $said = json_decode($one->next(), true);
                $wanted = ['from_client_name' => '&lt;Bob&gt;', 'to_client_id' => $to, 'content' => 'hello'];
                self::assertSame($wanted, array_intersect_key($said, $wanted));
            }
        }
        $b->leave();
        self::assertSame(['logout', $b->id()], array_slice(array_values(json_decode($a->next(), true)), 0, 2));
    }

    /** @param array<string, string>|null $form */
    private function browse(string $url, ?array $form = null): void
    {
        curl_setopt($this->browser, CURLOPT_URL, $url);
        if ($form !== null) {
            curl_setopt($this->browser, CURLOPT_POSTFIELDS, http_build_query($form));
        }
        self::assertSame('', curl_exec($this->browser));
        self::assertSame(200, curl_getinfo($this->browser, CURLINFO_RESPONSE_CODE));
    }
}
