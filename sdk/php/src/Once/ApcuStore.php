<?php

declare(strict_types=1);

namespace Gatepost\Once;

use Gatepost\Exception\InvalidArgument;

/**
 * Replies in APCu: the memory of one machine's FPM. They are gone when FPM restarts, and
 * may be when that memory is full: where a repeat must never run, use PdoStore.
 */
final class ApcuStore implements Store
{
    public function __construct(private readonly string $prefix = 'gatepost:once:')
    {
        if (!function_exists('apcu_enabled') || !apcu_enabled()) {
            throw new InvalidArgument('APCu', 'is not there, or not enabled (on the command line: apc.enable_cli=1)');
        }
    }

    public function claim(string $id, string $owner, int $lease): Claim
    {
        $reply = apcu_fetch($this->prefix . $id . ':reply');
        if (is_string($reply)) {
            return Claim::done($reply);
        }
        if (!apcu_add($this->prefix . $id . ':owner', $owner, $lease)) {
            return Claim::running();
        }
        // The one before may have finished between the two looks: its claim goes after its reply is there.
        $reply = apcu_fetch($this->prefix . $id . ':reply');
        if (is_string($reply)) {
            $this->release($id, $owner);
            return Claim::done($reply);
        }
        return Claim::mine();
    }

    public function finish(string $id, string $owner, string $reply, int $ttl): void
    {
        if (apcu_fetch($this->prefix . $id . ':owner') === $owner) {
            apcu_store($this->prefix . $id . ':reply', $reply, $ttl);
            $this->release($id, $owner);
        }
    }

    public function release(string $id, string $owner): void
    {
        if (apcu_fetch($this->prefix . $id . ':owner') === $owner) {
            apcu_delete($this->prefix . $id . ':owner');
        }
    }
}
