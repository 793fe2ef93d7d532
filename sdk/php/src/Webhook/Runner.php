<?php

declare(strict_types=1);

namespace Gatepost\Webhook;

use Gatepost\Exception\WebhookRefused;

/**
 * Makes PHP's current request one whose answer is the response and nothing else: what is
 * printed on the way goes to the error log, and a script that ends before the response
 * (a fatal error, exit) answers 500. A connection that the backend died over must not
 * count as accepted.
 *
 * @internal
 */
final class Runner
{
    /** @param callable(): Response $respond never throws */
    public static function run(callable $respond): void
    {
        ini_set('display_errors', '0');
        ignore_user_abort(true); // what was begun is finished, also where the gateway has given up waiting
        http_response_code(500);
        self::discardEarlierOutput();
        ob_start(static fn (): string => ''); // runs also where PHP ends in the middle: nothing is shown
        $level = ob_get_level();

        $response = $respond();

        while (ob_get_level() > $level) { // buffers that a handler left open
            ob_end_flush();
        }
        self::complain((string) ob_get_clean(), $response->error);
        $response->emit();
    }

    /** Puts what was printed, and what went wrong, into the error log. */
    private static function complain(string $printed, ?\Throwable $error): void
    {
        if (trim($printed) !== '') {
            error_log('gatepost: a webhook handler printed: ' . Log::line($printed));
        }
        if ($error instanceof WebhookRefused) {
            error_log('gatepost: a webhook was refused with ' . $error->status . ': ' . $error->getMessage());
        } elseif ($error !== null) {
            error_log('gatepost: a webhook handler failed: ' . $error);
        }
    }

    /** With output_buffering in php.ini a warning before this call still waits there. */
    private static function discardEarlierOutput(): void
    {
        if (ob_get_length() > 0) {
            error_log('gatepost: printed before the webhook: ' . Log::line((string) ob_get_contents()));
            ob_clean();
        }
    }
}
