<?php

declare(strict_types=1);

namespace Gatepost\Token;

use Gatepost\Exception\InvalidArgument;
use Gatepost\Secret;

/**
 * Signs tokens (JWT, HS256) with the gateway's secret.
 *
 * @internal
 */
final class Signer
{
    /** Bytes that a secret must have; the gateway refuses shorter ones too. */
    private const SHORTEST = 32;

    private readonly Secret $secret;

    /** @param string $secrets as GATEPOST_SECRET has them: separated by commas or line breaks, the first signs */
    public function __construct(#[\SensitiveParameter] string $secrets)
    {
        $first = preg_split('/\s*[,\r\n]\s*/', trim($secrets), -1, PREG_SPLIT_NO_EMPTY)[0] ?? '';
        if (strlen($first) < self::SHORTEST) {
            throw new InvalidArgument('secret', sprintf(
                "has %d bytes; it needs %d: give the gateway's GATEPOST_SECRET",
                strlen($first),
                self::SHORTEST,
            ));
        }
        $this->secret = new Secret($first);
    }

    /** @param array<string, mixed> $claims */
    public function sign(array $claims): string
    {
        $json = json_encode($claims, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION);
        if ($json === false) {
            throw new InvalidArgument('claims', 'have no JSON: ' . json_last_error_msg());
        }
        $signed = self::encode('{"alg":"HS256","typ":"JWT"}') . '.' . self::encode($json);
        return $signed . '.' . self::encode(hash_hmac('sha256', $signed, $this->secret->reveal(), true));
    }

    private static function encode(string $bytes): string
    {
        return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    }
}
