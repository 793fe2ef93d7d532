<?php

declare(strict_types=1);

namespace Gatepost\Webhook;

use Gatepost\Exception\WebhookRefused;

/**
 * A request as it came, not believed yet: its headers by lower-case name, and its bytes.
 *
 * @internal
 */
final class Incoming
{
    /** @param array<string, string> $headers by lower-case name */
    private function __construct(private readonly array $headers, public readonly string $body)
    {
    }

    /**
     * @param array<string, string|list<string|null>|null> $headers by name in any case
     * @throws WebhookRefused with 413
     */
    public static function of(array $headers, string $body, int $maxBytes): self
    {
        $byName = [];
        foreach ($headers as $name => $value) {
            $byName[strtolower((string) $name)] = is_array($value) ? implode(' ', $value) : (string) $value;
        }
        return new self($byName, self::bounded($body, $maxBytes));
    }

    /** @throws WebhookRefused with 405 or 413 */
    public static function fromGlobals(int $maxBytes): self
    {
        if (($_SERVER['REQUEST_METHOD'] ?? '') !== 'POST') {
            throw new WebhookRefused(405, 'webhooks are POSTed');
        }
        $headers = [];
        foreach (['webhook-id', 'webhook-timestamp', 'webhook-signature', 'gatepost-attempt'] as $name) {
            $value = $_SERVER['HTTP_' . strtoupper(strtr($name, '-', '_'))] ?? '';
            $headers[$name] = is_string($value) ? $value : '';
        }
        $body = file_get_contents('php://input', false, null, 0, $maxBytes + 1);
        return new self($headers, self::bounded((string) $body, $maxBytes));
    }

    /** A header's value; empty where there is none. */
    public function header(string $name): string
    {
        return $this->headers[$name] ?? '';
    }

    private static function bounded(string $body, int $maxBytes): string
    {
        if (strlen($body) > $maxBytes) {
            throw new WebhookRefused(413, 'the body is too large');
        }
        return $body;
    }
}
