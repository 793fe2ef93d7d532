<?php

declare(strict_types=1);

namespace Gatepost;

use Gatepost\Exception\InvalidArgument;

/**
 * The process's environment, as the gateway reads its own.
 *
 * @internal
 */
final class Environment
{
    /** A variable without the newline at its end, or ''. */
    public static function get(string $name): string
    {
        $value = getenv($name);
        return trim($value === false ? (string) ($_ENV[$name] ?? '') : $value);
    }

    /**
     * A secret: a variable, or what stands in the file that the variable with _FILE at its end names.
     * Lines are a list.
     *
     * @throws InvalidArgument where there are both, or the file holds nothing that can be read
     */
    public static function secret(string $name): string
    {
        $value = self::get($name);
        $file = self::get($name . '_FILE');
        if ($file === '') {
            return $value;
        }
        if ($value !== '') {
            throw new InvalidArgument($name . '_FILE', "stands beside $name; one of the two is expected");
        }
        $content = is_file($file) ? @file_get_contents($file) : false;
        if ($content === false) {
            throw new InvalidArgument($name . '_FILE', "names $file, which can't be read");
        }
        $secret = trim((string) preg_replace('/^\xEF\xBB\xBF/', '', $content));
        if ($secret === '') {
            throw new InvalidArgument($name . '_FILE', "names $file, which is empty");
        }
        if (preg_match('/^(export )?GATEPOST_.*=/m', $secret) === 1) {
            throw new InvalidArgument(
                $name . '_FILE',
                "names $file, which has the lines of an env file; the secret alone is expected, without its name",
            );
        }
        return $secret;
    }
}
