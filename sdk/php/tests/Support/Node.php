<?php

declare(strict_types=1);

namespace Gatepost\Tests\Support;

use RuntimeException;

/** A running gateway, the real program. */
final class Node
{
    public const SECRET = 'end-to-end-test-secret-of-sufficient-length';
    public const WEBHOOK_SECRET = 'whsec_cGhwdW5pdC13ZWJob29rLXNlY3JldC1vZi0zMi1ieXRlcw==';

    public readonly string $url;

    /**
     * @param resource $process
     * @param string $log the file that it logs to
     */
    private function __construct(private $process, public readonly string $addr, private readonly string $log)
    {
        $this->url = 'http://' . $addr;
    }

    /** @param array<string, string> $env settings over the tests' own */
    public static function start(array $env = []): self
    {
        $binary = getenv('GATEPOST_BINARY');
        if ($binary === false) {
            throw new RuntimeException('GATEPOST_BINARY must be the path of the gateway; see "make e2e"');
        }
        $env += [
            'GATEPOST_ADDR' => '127.0.0.1:0',
            'GATEPOST_SECRET' => self::SECRET,
            'GATEPOST_DATA_DIR' => 'memory',
            'GATEPOST_DRAIN' => '100ms',
            'GATEPOST_LOG_FORMAT' => 'json',
        ];
        $log = (string) tempnam(sys_get_temp_dir(), 'gatepost-test');
        $out = ['file', $log, 'a'];
        $process = proc_open([$binary, 'serve'], [['file', '/dev/null', 'r'], $out, $out], $pipes, null, $env);
        if ($process === false) {
            throw new RuntimeException("$binary can't be started");
        }
        $deadline = microtime(true) + 10;
        while (preg_match('/"msg":"listening","addr":"([^"]+)"/', (string) file_get_contents($log), $found) !== 1) {
            if (!proc_get_status($process)['running'] || microtime(true) > $deadline) {
                proc_terminate($process, 9);
                throw new RuntimeException('the gateway does not listen: ' . file_get_contents($log));
            }
            usleep(5_000);
        }
        return new self($process, $found[1], $log);
    }

    public function log(): string
    {
        return (string) file_get_contents($this->log);
    }

    /** Ends it as an operator would, or as a power cut. */
    public function stop(bool $kill = false): void
    {
        if (is_resource($this->process)) {
            proc_terminate($this->process, $kill ? 9 : 15);
            proc_close($this->process);
        }
    }

    public function __destruct()
    {
        $this->stop(true);
        @unlink($this->log);
    }
}
