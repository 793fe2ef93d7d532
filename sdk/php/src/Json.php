<?php

declare(strict_types=1);

namespace Gatepost;

use Gatepost\Exception\InvalidArgument;

/**
 * JSON as the gateway reads and writes it.
 *
 * @internal
 */
final class Json
{
    /** @param string $field what is encoded, for the exception */
    public static function encode(mixed $value, string $field = 'body'): string
    {
        $json = json_encode($value, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION);
        if ($json === false) {
            throw new InvalidArgument($field, 'has no JSON: ' . json_last_error_msg());
        }
        return $json;
    }

    /**
     * Objects become arrays, integers too large for PHP strings: they keep their digits.
     *
     * @return array<array-key, mixed>|null null where it isn't an object or array
     */
    public static function decode(string $json): ?array
    {
        $value = json_decode($json, true, 512, JSON_BIGINT_AS_STRING);
        return is_array($value) ? $value : null;
    }
}
