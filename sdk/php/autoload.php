<?php

/**
 * Loads Gatepost's classes where Composer doesn't: require this file once.
 */

declare(strict_types=1);

spl_autoload_register(static function (string $class): void {
    if (!str_starts_with($class, 'Gatepost\\')) {
        return;
    }
    $file = __DIR__ . '/src/' . strtr(substr($class, strlen('Gatepost\\')), '\\', '/') . '.php';
    if (is_file($file)) {
        require $file;
    }
});
