<?php

declare(strict_types=1);

namespace Gatepost\Laravel;

use Gatepost\Once\PdoStore;
use Illuminate\Console\Command;

/** php artisan gatepost:once-table: makes the table in which replies to webhooks are kept. */
final class OnceTableCommand extends Command
{
    /** @var string */
    protected $signature = 'gatepost:once-table';

    /** @var string */
    protected $description = 'Make the table that keeps the replies to repeated webhooks';

    public function handle(PdoStore $store): int
    {
        $store->createTable();
        $this->line('The table is there.');
        return self::SUCCESS;
    }
}
