<?php

declare(strict_types=1);

namespace Gatepost\Tests\Support;

use RuntimeException;

/** PHP's built-in server with one script. */
final class BuiltInServer
{
    public readonly string $url;

    /** @var resource */
    private $process;

    private readonly string $log;

    /**
     * @param array<string, string> $ini
     * @param array<string, string> $env
     */
    public function __construct(string $script, array $ini = [], array $env = [])
    {
        $probe = stream_socket_server('tcp://127.0.0.1:0');
        if ($probe === false) {
            throw new RuntimeException('there is no free port');
        }
        $addr = (string) stream_socket_get_name($probe, false);
        fclose($probe);
        $command = [PHP_BINARY];
        foreach ($ini as $name => $value) {
            array_push($command, '-d', "$name=$value");
        }
        $this->log = (string) tempnam(sys_get_temp_dir(), 'gatepost-php');
        $out = ['file', $this->log, 'a'];
        $process = proc_open(
            [...$command, '-S', $addr, $script],
            [['file', '/dev/null', 'r'], $out, $out],
            $pipes,
            null,
            $env + getenv(),
        );
        if ($process === false) {
            throw new RuntimeException('PHP can\'t be started');
        }
        $this->process = $process;
        $this->url = "http://$addr/";
        for ($deadline = microtime(true) + 10; !@stream_socket_client("tcp://$addr"); usleep(5_000)) {
            if (microtime(true) > $deadline) {
                throw new RuntimeException('PHP does not listen: ' . $this->log());
            }
        }
    }

    /**
     * @param array<string, string> $headers
     * @return array{0: int, 1: string, 2: string} status, content type, body
     */
    public function post(string $query, array $headers, string $body): array
    {
        $curl = curl_init($this->url . $query);
        assert($curl !== false);
        curl_setopt_array($curl, [
            CURLOPT_POST => true,
            CURLOPT_POSTFIELDS => $body,
            CURLOPT_HTTPHEADER => array_map(
                static fn (string $name): string => "$name: $headers[$name]",
                array_keys($headers),
            ),
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_TIMEOUT => 20,
        ]);
        $answer = (string) curl_exec($curl);
        return [curl_getinfo($curl, CURLINFO_RESPONSE_CODE), (string) curl_getinfo($curl, CURLINFO_CONTENT_TYPE), $answer];
    }

    /** What PHP has written to its error log. */
    public function log(): string
    {
        return (string) file_get_contents($this->log);
    }

    public function __destruct()
    {
        proc_terminate($this->process, 9);
        proc_close($this->process);
        unlink($this->log);
    }
}
