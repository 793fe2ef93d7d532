<?php

declare(strict_types=1);

namespace Gatepost\Once;

use Gatepost\Exception\InvalidArgument;

/** Replies as files in a directory of one machine: without a database, for little traffic. */
final class FileStore implements Store
{
    /** One finish in so many looks for files that have expired. */
    private const PRUNE_ONE_IN = 200;

    private readonly string $directory;

    /** @param string $directory made where it isn't there; nothing else may lie in it */
    public function __construct(string $directory)
    {
        if (!is_dir($directory) && !@mkdir($directory, 0700, true) && !is_dir($directory)) {
            throw new InvalidArgument('directory', 'can\'t be made');
        }
        $this->directory = rtrim($directory, '/');
    }

    public function claim(string $id, string $owner, int $lease): Claim
    {
        return $this->locked($this->path($id), static function ($file) use ($owner, $lease): Claim {
            $entry = self::read($file);
            if ($entry !== null && $entry['expires'] > time()) {
                return $entry['reply'] === null ? Claim::running() : Claim::done($entry['reply']);
            }
            self::write($file, ['owner' => $owner, 'reply' => null, 'expires' => time() + $lease]);
            return Claim::mine();
        });
    }

    public function finish(string $id, string $owner, string $reply, int $ttl): void
    {
        $this->locked($this->path($id), static function ($file) use ($owner, $reply, $ttl): void {
            if ((self::read($file)['owner'] ?? null) === $owner) {
                self::write($file, ['owner' => $owner, 'reply' => $reply, 'expires' => time() + $ttl]);
            }
        });
        if (random_int(1, self::PRUNE_ONE_IN) === 1) {
            $this->prune();
        }
    }

    public function release(string $id, string $owner): void
    {
        $path = $this->path($id);
        $this->locked($path, static function ($file) use ($path, $owner): void {
            if ((self::read($file)['owner'] ?? null) === $owner) {
                unlink($path);
            }
        });
    }

    /** Removes what has expired, and returns how much that was. */
    public function prune(): int
    {
        $removed = 0;
        foreach (glob($this->directory . '/*.once') ?: [] as $path) {
            $removed += $this->locked($path, static function ($file) use ($path): int {
                $entry = self::read($file);
                return $entry === null || $entry['expires'] <= time() ? (int) unlink($path) : 0;
            });
        }
        return $removed;
    }

    private function path(string $id): string
    {
        return $this->directory . '/' . hash('sha256', $id) . '.once';
    }

    /**
     * Runs $do with the file at $path locked: the one that lies there, not one that was
     * removed while this waited for its lock.
     *
     * @template T
     * @param callable(resource): T $do
     * @return T
     */
    private function locked(string $path, callable $do): mixed
    {
        while (true) {
            $file = fopen($path, 'c+');
            if ($file === false || !flock($file, LOCK_EX)) {
                throw new \RuntimeException('a file of the store of replies can\'t be opened or locked');
            }
            clearstatcache(true, $path);
            $here = @stat($path);
            $open = fstat($file);
            if ($here !== false && $open !== false && $here['ino'] === $open['ino']) {
                try {
                    return $do($file);
                } finally {
                    fclose($file);
                }
            }
            fclose($file);
        }
    }

    /**
     * @param resource $file
     * @return array{owner: string, reply: ?string, expires: int}|null null where nothing is kept
     */
    private static function read($file): ?array
    {
        rewind($file);
        $entry = json_decode((string) stream_get_contents($file), true);
        return is_array($entry) && isset($entry['owner'], $entry['expires']) ? $entry + ['reply' => null] : null;
    }

    /**
     * @param resource $file
     * @param array{owner: string, reply: ?string, expires: int} $entry
     */
    private static function write($file, array $entry): void
    {
        $json = json_encode($entry, JSON_THROW_ON_ERROR);
        rewind($file);
        if (!ftruncate($file, 0) || fwrite($file, $json) !== strlen($json) || !fflush($file)) {
            throw new \RuntimeException('a file of the store of replies can\'t be written');
        }
    }
}
