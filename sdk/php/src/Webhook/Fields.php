<?php

declare(strict_types=1);

namespace Gatepost\Webhook;

use Gatepost\Exception\WebhookRefused;

/**
 * Reads the fields of a decoded JSON object by type. A field that is missing or of
 * another type is a 400: the request was signed, but is no event that this version
 * knows.
 *
 * @internal
 */
final class Fields
{
    /** @param array<array-key, mixed> $object */
    public function __construct(private readonly array $object, private readonly string $path = '')
    {
    }

    public function string(string $name): string
    {
        $value = $this->object[$name] ?? null;
        return is_string($value) ? $value : $this->fail($name, 'a string');
    }

    public function stringOrNull(string $name): ?string
    {
        return isset($this->object[$name]) ? $this->string($name) : null;
    }

    public function int(string $name): int
    {
        $value = $this->object[$name] ?? null;
        return is_int($value) ? $value : $this->fail($name, 'an integer');
    }

    public function intOrNull(string $name): ?int
    {
        return isset($this->object[$name]) ? $this->int($name) : null;
    }

    /** @return array<array-key, mixed> */
    public function array(string $name): array
    {
        $value = $this->object[$name] ?? null;
        return is_array($value) ? $value : $this->fail($name, 'an object or an array');
    }

    /** @return array<array-key, mixed>|null */
    public function arrayOrNull(string $name): ?array
    {
        return isset($this->object[$name]) ? $this->array($name) : null;
    }

    /** @return list<string> */
    public function strings(string $name): array
    {
        return array_values($this->stringsByName($name));
    }

    /** @return array<array-key, string> */
    public function stringsByName(string $name): array
    {
        $strings = [];
        foreach ($this->array($name) as $key => $value) {
            $strings[$key] = is_string($value) ? $value : $this->fail($name, 'strings');
        }
        return $strings;
    }

    public function in(string $name): self
    {
        return new self($this->array($name), $this->path . $name . '.');
    }

    private function fail(string $name, string $expected): never
    {
        throw new WebhookRefused(400, "the event's {$this->path}{$name} is missing or not {$expected}");
    }
}
