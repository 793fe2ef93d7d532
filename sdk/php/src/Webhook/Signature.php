<?php

declare(strict_types=1);

namespace Gatepost\Webhook;

use Gatepost\Exception\InvalidArgument;
use Gatepost\Exception\WebhookRefused;
use Gatepost\Secret;

/**
 * Signatures after Standard Webhooks 1.0: HMAC-SHA256 over id, timestamp and body, with
 * each of some secrets.
 *
 * @internal
 */
final class Signature
{
    private const PREFIX = 'whsec_';
    /** The lengths that Standard Webhooks allows a secret, in bytes. */
    private const LENGTHS = [24, 64];

    /** @var non-empty-list<Secret> the secrets' bytes */
    private readonly array $keys;

    /**
     * @param string|list<string> $secrets whsec_ and base64; in a string separated by spaces
     * @throws InvalidArgument where there is none, or one isn't a secret: none is passed over silently
     */
    public function __construct(#[\SensitiveParameter] string|array $secrets)
    {
        $keys = [];
        foreach (preg_split('/\s+/', implode(' ', (array) $secrets), -1, PREG_SPLIT_NO_EMPTY) ?: [] as $secret) {
            $keys[] = self::key($secret, count($keys) + 1);
        }
        if ($keys === []) {
            throw new InvalidArgument('secrets', 'are missing: set GATEPOST_WEBHOOK_SECRET to what the gateway has');
        }
        $this->keys = $keys;
    }

    /**
     * @param string $timestamp unix time in seconds, as it came
     * @param string $header the value of webhook-signature, as it came
     * @param int $tolerance seconds that the timestamp may be off $now, either way
     * @throws WebhookRefused with 401
     */
    public function verify(
        string $id,
        string $timestamp,
        string $header,
        string $body,
        int $tolerance,
        int $now,
    ): void {
        // Ten digits hold until the year 2286; more would overflow.
        if ($id === '' || preg_match('/^[0-9]{1,10}$/D', $timestamp) !== 1) {
            throw new WebhookRefused(401, 'webhook-id or webhook-timestamp is missing or malformed');
        }
        if (abs($now - (int) $timestamp) > $tolerance) {
            throw new WebhookRefused(401, 'webhook-timestamp is too far from now');
        }
        $signatures = explode(' ', $header);
        $good = false;
        foreach ($this->sign($id, $timestamp, $body) as $expected) {
            foreach ($signatures as $signature) {
                $good = hash_equals($expected, $signature) || $good; // takes as long for a near miss as for a hit
            }
        }
        if (!$good) {
            throw new WebhookRefused(401, 'webhook-signature is missing or wrong');
        }
    }

    /** @return non-empty-list<string> one signature for each secret */
    public function sign(string $id, string $timestamp, string $body): array
    {
        return array_map(
            static fn (Secret $key): string => 'v1,'
                . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key->reveal(), true)),
            $this->keys,
        );
    }

    private static function key(#[\SensitiveParameter] string $secret, int $number): Secret
    {
        $isSecret = str_starts_with($secret, self::PREFIX);
        $key = $isSecret ? base64_decode(substr($secret, strlen(self::PREFIX)), true) : false;
        // An empty key would verify what anyone signs.
        if ($key === false || strlen($key) < self::LENGTHS[0] || strlen($key) > self::LENGTHS[1]) {
            throw new InvalidArgument('secrets', "has no secret as number $number: whsec_ and base64 of 24 to 64 bytes");
        }
        return new Secret($key);
    }
}
