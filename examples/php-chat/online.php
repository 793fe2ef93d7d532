<?php

declare(strict_types=1);

use Gatepost\Event;
use Gatepost\Event\Close;

/**
 * Who is online: a row for each connection, in SQLite. Right in the end, whatever dies: docs/presence.md says why.
 *
 * Three facts of the gateway's contract carry it:
 *   1. Each connect that this backend may have accepted is followed by exactly one close, in the end.
 *   2. Events of one client are first delivered in order; repeats of them may come at any time.
 *   3. Events of different clients come in any order.
 * So a row only moves forward by seq, and a close is final.
 */
final class Online
{
    /** Seconds for which a close is remembered; longer than any repeat: tries last a day, dead letters 14 days. */
    private const REMEMBERED = 15 * 24 * 3600;

    public function __construct(private readonly PDO $db)
    {
        $db->exec('CREATE TABLE IF NOT EXISTS clients (
            client_id TEXT PRIMARY KEY,
            uid       TEXT,
            seq       INTEGER NOT NULL,
            closed_at INTEGER
        ) WITHOUT ROWID');
        $db->exec('CREATE TABLE IF NOT EXISTS version (number INTEGER NOT NULL)');
        $db->exec('INSERT INTO version SELECT 0 WHERE NOT EXISTS (SELECT * FROM version)');
    }

    /**
     * Takes in a connect that is accepted, or a close, and says who is online then.
     *
     * A repeat, or a connect that its close has overtaken, changes nothing. A close whose connect never came
     * to be makes a row that is closed from the start, so that a late connect finds it.
     *
     * @return array{version: int, clients: object} see list()
     */
    public function record(Event $event): array
    {
        $this->db->exec('BEGIN IMMEDIATE'); // one at a time: the numbers of versions are those of the lists
        try {
            $row = $this->db->prepare('INSERT INTO clients (client_id, uid, seq, closed_at) VALUES (?, ?, ?, ?)
                ON CONFLICT (client_id) DO UPDATE
                SET uid = excluded.uid, seq = excluded.seq, closed_at = excluded.closed_at
                WHERE excluded.seq > clients.seq AND clients.closed_at IS NULL');
            $row->execute([$event->clientId, $event->uid, $event->seq, $event instanceof Close ? time() : null]);
            if ($row->rowCount() > 0) {
                $this->db->exec('UPDATE version SET number = number + 1');
            }
            $this->db->exec('DELETE FROM clients WHERE closed_at < ' . (time() - self::REMEMBERED));
            $list = $this->list();
            $this->db->exec('COMMIT');
            return $list;
        } catch (Throwable $error) {
            $this->db->exec('ROLLBACK');
            throw $error;
        }
    }

    /**
     * How many connections each user has. Lists are pushed by several processes and may overtake each other:
     * who has seen a version doesn't look at an older one.
     *
     * @return array{version: int, clients: object}
     */
    public function list(): array
    {
        $rows = $this->db->query('SELECT (SELECT number FROM version) AS version, uid, COUNT(client_id) AS clients
            FROM (SELECT 1) LEFT JOIN clients ON closed_at IS NULL AND uid IS NOT NULL GROUP BY uid ORDER BY uid')
            ->fetchAll(PDO::FETCH_ASSOC);
        $online = array_filter($rows, static fn (array $row): bool => $row['uid'] !== null);
        return ['version' => (int) $rows[0]['version'], 'clients' => (object) array_column($online, 'clients', 'uid')];
    }
}
