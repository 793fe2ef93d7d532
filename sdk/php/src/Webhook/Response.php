<?php

declare(strict_types=1);

namespace Gatepost\Webhook;

/** The HTTP answer to a webhook, for whatever framework is to send it. */
final class Response
{
    /**
     * @param array<string, string> $headers by lower-case name
     * @param \Throwable|null $error what went wrong, for the log; nothing of it is in the answer
     */
    public function __construct(
        public readonly int $status,
        public readonly array $headers,
        public readonly string $body,
        public readonly ?\Throwable $error = null,
    ) {
    }

    /**
     * The body's JSON.
     *
     * @return array<array-key, mixed> [] where there is none
     */
    public function json(): array
    {
        $value = json_decode($this->body, true);
        return is_array($value) ? $value : [];
    }

    /** Sends it as the answer to PHP's current request. */
    public function emit(): void
    {
        http_response_code($this->status);
        foreach ($this->headers as $name => $value) {
            header("$name: $value");
        }
        echo $this->body;
    }

    /** @param array<string, string> $headers */
    public static function text(int $status, string $text, array $headers = [], ?\Throwable $error = null): self
    {
        return new self($status, ['content-type' => 'text/plain; charset=utf-8'] + $headers, $text, $error);
    }

    /**
     * A status from 400 to 499 that is meant: without the header the gateway takes 404, 405 and 413
     * for the answer of a proxy that doesn't reach the handler, and tries again.
     *
     * @param array<string, string> $headers
     */
    public static function refusal(int $status, string $text, array $headers = [], ?\Throwable $error = null): self
    {
        return self::text($status, $text, ['gatepost-refuse' => '1'] + $headers, $error);
    }

    public static function ofJson(string $json): self
    {
        return new self(200, ['content-type' => 'application/json'], $json);
    }
}
