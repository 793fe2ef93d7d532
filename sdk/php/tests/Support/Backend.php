<?php

declare(strict_types=1);

namespace Gatepost\Tests\Support;

use RuntimeException;

/** A script on PHP's built-in server. */
final class Backend
{
    public readonly string $url;

    /**
     * @param resource $process
     * @param string $log the file that it logs to
     */
    private function __construct(private $process, string $addr, private readonly string $log)
    {
        $this->url = "http://$addr";
    }

    /**
     * @param string $script answers every request
     * @param array<string, string> $env over this process's
     * @param array<string, string> $ini PHP's settings
     */
    public static function start(string $script, array $env = [], array $ini = []): self
    {
        $log = (string) tempnam(sys_get_temp_dir(), 'gatepost-backend');
        $out = ['file', $log, 'a'];
        $settings = [];
        foreach ($ini + ['error_log' => $log] as $name => $value) {
            array_push($settings, '-d', "$name=$value");
        }
        $process = proc_open(
            [PHP_BINARY, ...$settings, '-S', '127.0.0.1:0', $script],
            [['file', '/dev/null', 'r'], $out, $out],
            $pipes,
            dirname($script),
            $env + getenv(),
        );
        if ($process === false) {
            throw new RuntimeException("PHP can't be started");
        }
        $deadline = microtime(true) + 10;
        $started = '~Development Server \(http://([^)]+)\) started~';
        while (preg_match($started, (string) file_get_contents($log), $found) !== 1) {
            if (!proc_get_status($process)['running'] || microtime(true) > $deadline) {
                proc_terminate($process, 9);
                throw new RuntimeException('PHP does not listen: ' . file_get_contents($log));
            }
            usleep(5_000);
        }
        return new self($process, $found[1], $log);
    }

    public function log(): string
    {
        return (string) file_get_contents($this->log);
    }

    public function __destruct()
    {
        proc_terminate($this->process, 9);
        proc_close($this->process);
        @unlink($this->log);
    }
}
