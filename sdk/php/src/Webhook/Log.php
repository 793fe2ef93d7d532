<?php

declare(strict_types=1);

namespace Gatepost\Webhook;

/** @internal */
final class Log
{
    private const LONGEST = 2000;

    /** Text that came from anywhere, as one bounded line for the error log. */
    public static function line(string $text): string
    {
        $line = addcslashes(rtrim($text), "\0..\37\177");
        return strlen($line) > self::LONGEST ? substr($line, 0, self::LONGEST) . '…' : $line;
    }
}
