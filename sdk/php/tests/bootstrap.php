<?php

/**
 * The tests run against a real gateway: GATEPOST_BINARY is the program, from which
 * they start nodes of their own. "go test ./test/php" builds it and runs them; by hand:
 *
 *     make build && cd sdk/php && GATEPOST_BINARY=../../bin/gatepost php -d apc.enable_cli=1 "$(which phpunit)"
 */

declare(strict_types=1);

require __DIR__ . '/../autoload.php';

spl_autoload_register(static function (string $class): void {
    if (str_starts_with($class, 'Gatepost\\Tests\\')) {
        $file = __DIR__ . '/' . strtr(substr($class, strlen('Gatepost\\Tests\\')), '\\', '/') . '.php';
        if (is_file($file)) {
            require $file;
        }
    }
});
