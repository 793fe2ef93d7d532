<?php

declare(strict_types=1);

namespace Gatepost\Tests;

use PHPUnit\Framework\TestCase;

/** What a reader, an autoloader and an analyser rely on in every file of the library. */
final class PackageTest extends TestCase
{
    /** @dataProvider files */
    public function testAFileHoldsTheClassOfItsName(string $class, string $code): void
    {
        self::assertStringContainsString("\ndeclare(strict_types=1);\n", $code);
        self::assertTrue(class_exists($class) || interface_exists($class) || trait_exists($class) || enum_exists($class));
    }

    /** @dataProvider files */
    public function testEverythingHasAType(string $class, string $code): void
    {
        foreach ((new \ReflectionClass($class))->getMethods() as $method) {
            if ($method->getDeclaringClass()->getName() !== $class || $method->isInternal()) {
                continue;
            }
            $doc = (string) $method->getDocComment();
            self::assertTrue(
                $method->hasReturnType() || $method->isConstructor() || str_contains($doc, '@return')
                    || in_array($method->getName(), ['__destruct', '__clone'], true),
                "$class::{$method->getName()} says nothing of what it returns",
            );
            foreach ($method->getParameters() as $parameter) {
                self::assertTrue(
                    $parameter->hasType() || str_contains($doc, '$' . $parameter->getName()),
                    "$class::{$method->getName()} says nothing of \${$parameter->getName()}",
                );
                if ((string) $parameter->getType() === 'array' && !$parameter->isVariadic()) {
                    self::assertMatchesRegularExpression(
                        '/@param .*\$' . $parameter->getName() . '\b/s',
                        $doc . (new \ReflectionClass($class))->getDocComment(),
                        "$class::{$method->getName()} doesn't say what \${$parameter->getName()} holds",
                    );
                }
            }
        }
        $this->addToAssertionCount(1); // there are classes without methods
    }

    /** @dataProvider files */
    public function testNoImportIsUnused(string $class, string $code): void
    {
        preg_match_all('/^use ([\\\\\w]+?)(\w+)(?: as (\w+))?;$/m', $code, $imports, PREG_SET_ORDER);
        $rest = (string) preg_replace('/^use .+;$/m', '', $code);
        foreach ($imports as $import) {
            $name = $import[3] ?? $import[2];
            self::assertMatchesRegularExpression("/\\b$name\\b/", $rest, "$class imports $name");
        }
        self::assertStringEndsWith("}\n", $code);
    }

    public function testComposerAndTheAutoloaderAgree(): void
    {
        $root = dirname(__DIR__);
        $composer = json_decode((string) file_get_contents("$root/composer.json"), true, 512, JSON_THROW_ON_ERROR);
        self::assertSame(['Gatepost\\' => 'src/'], $composer['autoload']['psr-4']);
        $code = 'require $argv[1]; echo (new Gatepost\Client("http://a", str_repeat("s", 32)))->clientToken("eva");';
        exec(
            escapeshellarg(PHP_BINARY) . ' -r ' . escapeshellarg($code) . ' ' . escapeshellarg("$root/autoload.php"),
            $out,
            $status,
        );
        self::assertSame(0, $status);
        self::assertCount(3, explode('.', implode('', $out)));
        foreach (array_keys($composer['require']) as $need) {
            self::assertContains($need, ['php', 'ext-curl', 'ext-hash', 'ext-json']);
        }
    }

    /** @return iterable<string, array{string, string}> */
    public static function files(): iterable
    {
        $src = dirname(__DIR__) . '/src/';
        /** @var \SplFileInfo $file */
        foreach (new \RecursiveIteratorIterator(new \RecursiveDirectoryIterator($src)) as $file) {
            $name = substr($file->getPathname(), strlen($src), -4);
            // What extends a framework's classes loads where that framework is.
            if ($file->getExtension() === 'php' && !str_starts_with($name, 'Laravel/')) {
                $code = (string) file_get_contents($file->getPathname());
                yield $name => ['Gatepost\\' . strtr($name, '/', '\\'), $code];
            }
        }
    }
}
