<?php

declare(strict_types=1);

namespace Gatepost\Once;

use Gatepost\Exception\InvalidArgument;
use PDO;

/**
 * Replies in a table of a database: SQLite, MySQL or MariaDB, or PostgreSQL. It is the
 * store for several machines, and for what must never be done twice.
 *
 * Its statements are committed by themselves. The handler may share the connection, but must
 * end each transaction that it begins: one that it leaves open is rolled back, and the event
 * has failed. In a transaction that was open before, nothing is claimed.
 */
final class PdoStore implements Store
{
    /** One finish in so many removes what has expired. */
    private const PRUNE_ONE_IN = 500;
    /** Longer ids are kept by their hash; the gateway's own have less than 70 bytes. */
    private const LONGEST_ID = 128;

    private readonly string $driver;

    /**
     * @param PDO $database with PDO::ERRMODE_EXCEPTION
     * @param string $table see createTable()
     */
    public function __construct(private readonly PDO $database, private readonly string $table = 'gatepost_once')
    {
        if (preg_match('/^[A-Za-z_][A-Za-z0-9_.]*$/D', $table) !== 1) {
            throw new InvalidArgument('table', 'must be a plain name');
        }
        if ($database->getAttribute(PDO::ATTR_ERRMODE) !== PDO::ERRMODE_EXCEPTION) {
            throw new InvalidArgument('database', 'must have PDO::ERRMODE_EXCEPTION');
        }
        $this->driver = (string) $database->getAttribute(PDO::ATTR_DRIVER_NAME);
        if (!in_array($this->driver, ['sqlite', 'mysql', 'pgsql'], true)) {
            throw new InvalidArgument('database', 'must be SQLite, MySQL or PostgreSQL');
        }
        if ($this->driver === 'mysql' && !$database->getAttribute(PDO::ATTR_AUTOCOMMIT)) {
            throw new InvalidArgument('database', 'must have PDO::ATTR_AUTOCOMMIT');
        }
    }

    /** Makes the table, where it isn't there. For a migration; claims don't make it. */
    public function createTable(): void
    {
        [$id, $text] = $this->driver === 'mysql'
            ? ['VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin', 'MEDIUMTEXT CHARACTER SET utf8mb4']
            : ['VARCHAR(128)', 'TEXT'];
        $this->database->exec(
            "CREATE TABLE IF NOT EXISTS {$this->table} "
            . "(id $id NOT NULL PRIMARY KEY, owner CHAR(32) NOT NULL, reply $text NULL, expires_at BIGINT NOT NULL)",
        );
    }

    public function claim(string $id, string $owner, int $lease): Claim
    {
        if ($this->inTransaction()) {
            throw new \LogicException('the database is in a transaction, with which the claim could be rolled back');
        }
        $key = self::key($id);
        $expires = time() + $lease;
        [$insert, $conflict] = $this->driver === 'mysql'
            ? ['INSERT IGNORE INTO', '']
            : ['INSERT INTO', ' ON CONFLICT (id) DO NOTHING'];
        $values = "$insert {$this->table} (id, owner, reply, expires_at) VALUES (?, ?, NULL, ?)$conflict";
        if ($this->change($values, [$key, $owner, $expires]) === 1) {
            return Claim::mine();
        }
        $over = "UPDATE {$this->table} SET owner = ?, reply = NULL, expires_at = ? WHERE id = ? AND expires_at <= ?";
        if ($this->change($over, [$owner, $expires, $key, time()]) === 1) {
            return Claim::mine();
        }
        $select = $this->database->prepare("SELECT reply FROM {$this->table} WHERE id = ?");
        $select->execute([$key]);
        $reply = $select->fetchColumn();
        $select->closeCursor();
        return is_string($reply) ? Claim::done($reply) : Claim::running();
    }

    public function finish(string $id, string $owner, string $reply, int $ttl): void
    {
        if ($this->inTransaction()) {
            $this->release($id, $owner);
            throw new \LogicException('the handler left a transaction open; it was rolled back');
        }
        $update = "UPDATE {$this->table} SET reply = ?, expires_at = ? WHERE id = ? AND owner = ?";
        $this->change($update, [$reply, time() + $ttl, self::key($id), $owner]);
        if (random_int(1, self::PRUNE_ONE_IN) === 1) {
            $this->prune();
        }
    }

    public function release(string $id, string $owner): void
    {
        if ($this->inTransaction()) { // which may be rolled back later, or refuse every statement
            $this->rollBack();
        }
        $this->change("DELETE FROM {$this->table} WHERE id = ? AND owner = ?", [self::key($id), $owner]);
    }

    /** Removes what has expired, and returns how much that was. */
    public function prune(): int
    {
        return $this->change("DELETE FROM {$this->table} WHERE expires_at <= ?", [time()]);
    }

    private function inTransaction(): bool
    {
        if ($this->driver !== 'sqlite') {
            return $this->database->inTransaction();
        }
        // Of SQLite, PDO knows only what was begun and ended through it, before PHP 8.4.
        try {
            $this->database->exec('BEGIN');
        } catch (\PDOException $error) {
            return str_contains($error->getMessage(), 'within a transaction') ?: throw $error;
        }
        $this->rollBack();
        return false;
    }

    private function rollBack(): void
    {
        $this->database->inTransaction() ? $this->database->rollBack() : $this->database->exec('ROLLBACK');
    }

    private static function key(string $id): string
    {
        $fits = preg_match('/^[\x21-\x7e]{1,' . self::LONGEST_ID . '}$/D', $id) === 1;
        return $fits ? $id : 'sha256:' . hash('sha256', $id);
    }

    /** @param list<string|int> $values */
    private function change(string $sql, array $values): int
    {
        $statement = $this->database->prepare($sql);
        $statement->execute($values);
        return $statement->rowCount();
    }
}
