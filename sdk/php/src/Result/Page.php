<?php

declare(strict_types=1);

namespace Gatepost\Result;

/**
 * A part of a list.
 *
 * @template K of array-key
 * @template T
 * @implements \IteratorAggregate<K, T>
 */
final class Page implements \IteratorAggregate, \Countable
{
    /**
     * @param array<K, T> $items
     * @param string|null $cursor for the next part; null at the list's end
     */
    public function __construct(public readonly array $items, public readonly ?string $cursor)
    {
    }

    /** @return \ArrayIterator<K, T> */
    public function getIterator(): \ArrayIterator
    {
        return new \ArrayIterator($this->items);
    }

    public function count(): int
    {
        return count($this->items);
    }
}
