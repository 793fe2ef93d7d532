<?php

declare(strict_types=1);

namespace Gatepost\Tests\Support;

use RuntimeException;

/** A WebSocket client: enough of RFC 6455 for the tests. */
final class Socket implements Connection
{
    private const TEXT = 1;
    private const BINARY = 2;
    private const CLOSE = 8;
    private const PING = 9;

    /** Seconds to wait for what must come. */
    private const PATIENCE = 5;

    /** From the welcome frame. */
    public readonly string $id;

    private bool $lastWasBinary = false;

    /** @param resource $stream */
    private function __construct(private $stream, bool $welcome, public readonly ?string $subprotocol)
    {
        $this->id = $welcome ? json_decode($this->next(), true)['client_id'] : '';
    }

    /**
     * Connects and reads the welcome frame.
     *
     * @param string $addr host:port
     * @param array<string, string> $headers
     * @param bool $welcome the gateway sends a welcome frame
     * @throws Refused
     */
    public static function connect(string $addr, string $path = '/ws', array $headers = [], bool $welcome = true): self
    {
        $stream = stream_socket_client("tcp://$addr", $errno, $error, self::PATIENCE);
        if ($stream === false) {
            throw new RuntimeException("connecting to $addr: $error");
        }
        stream_set_timeout($stream, self::PATIENCE);
        $headers += [
            'Host' => $addr,
            'Connection' => 'Upgrade',
            'Upgrade' => 'websocket',
            'Sec-WebSocket-Version' => '13',
            'Sec-WebSocket-Key' => base64_encode(random_bytes(16)),
        ];
        $request = "GET $path HTTP/1.1\r\n";
        foreach ($headers as $name => $value) {
            $request .= "$name: $value\r\n";
        }
        fwrite($stream, "$request\r\n");
        $status = (int) substr((string) fgets($stream), 9, 3);
        $length = 0;
        $subprotocol = null;
        while (($line = rtrim((string) fgets($stream))) !== '') {
            if (stripos($line, 'content-length:') === 0) {
                $length = (int) substr($line, 15);
            } elseif (stripos($line, 'sec-websocket-protocol:') === 0) {
                $subprotocol = trim(substr($line, 23));
            }
        }
        if ($status !== 101) {
            throw new Refused($length > 0 ? (string) stream_get_contents($stream, $length) : '', $status);
        }
        return new self($stream, $welcome, $subprotocol);
    }

    public function send(string $text): void
    {
        $this->write(self::TEXT, $text);
    }

    public function sendBinary(string $bytes): void
    {
        $this->write(self::BINARY, $bytes);
    }

    public function id(): string
    {
        return $this->id;
    }

    public function lastWasBinary(): bool
    {
        return $this->lastWasBinary;
    }

    public function next(): string
    {
        [$opcode, $payload] = $this->frame();
        if ($opcode !== self::TEXT && $opcode !== self::BINARY) {
            throw new RuntimeException("a frame of opcode $opcode instead of a message");
        }
        $this->lastWasBinary = $opcode === self::BINARY;
        return $payload;
    }

    public function closeCode(): int
    {
        try {
            [$opcode, $payload] = $this->frame();
        } catch (RuntimeException) {
            if (feof($this->stream)) {
                return 1006;
            }
            throw new RuntimeException('the connection was not closed');
        }
        if ($opcode !== self::CLOSE) {
            throw new RuntimeException('a message instead of a close: ' . $payload);
        }
        return unpack('n', $payload)[1];
    }

    /** Closes with a code and waits until the gateway has, too. */
    public function leave(int $code = 1000): void
    {
        $this->write(self::CLOSE, pack('n', $code));
        while (!feof($this->stream) && fread($this->stream, 8192) !== false) {
            if (stream_get_meta_data($this->stream)['timed_out']) {
                throw new RuntimeException('the gateway did not end the connection');
            }
        }
        fclose($this->stream);
    }

    private function write(int $opcode, string $payload): void
    {
        $length = strlen($payload);
        $head = chr(0x80 | $opcode) . match (true) {
            $length < 126 => chr(0x80 | $length),
            $length < 65536 => chr(0x80 | 126) . pack('n', $length),
            default => chr(0x80 | 127) . pack('J', $length),
        };
        fwrite($this->stream, $head . "\0\0\0\0" . $payload); // a mask of zeros masks nothing
    }

    /** @return array{int, string} opcode and payload of the next frame that isn't a ping */
    private function frame(): array
    {
        do {
            [$first, $second] = array_values((array) unpack('C2', $this->read(2)));
            $length = $second & 0x7f;
            $length = match ($length) {
                126 => unpack('n', $this->read(2))[1],
                127 => unpack('J', $this->read(8))[1],
                default => $length,
            };
            $payload = $this->read($length);
        } while (($first & 0x0f) === self::PING);
        return [$first & 0x0f, $payload];
    }

    private function read(int $bytes): string
    {
        $data = '';
        while (strlen($data) < $bytes) {
            $part = fread($this->stream, $bytes - strlen($data));
            if ($part === false || $part === '') {
                throw new RuntimeException('the connection ended, or nothing came for ' . self::PATIENCE . ' s');
            }
            $data .= $part;
        }
        return $data;
    }
}
