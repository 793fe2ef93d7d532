<?php

declare(strict_types=1);

namespace Gatepost\Laravel;

use Gatepost\Client;
use Gatepost\Exception\GatepostException;
use Gatepost\Exception\WebhookRefused;
use Gatepost\Webhook;
use Illuminate\Console\Command;

/** php artisan gatepost:check: says whether this application and the gateway understand each other. */
final class CheckCommand extends Command
{
    /** @var string */
    protected $signature = 'gatepost:check';

    /** @var string */
    protected $description = 'Check that the gateway answers, and that both have their secrets';

    public function handle(Client $client, Webhook $webhook): int
    {
        $good = $this->checks('the gateway answers, and takes this application\'s token', static function () use ($client): string {
            $stats = $client->stats();
            return "{$stats->clients} clients, " . count($stats->nodes) . ' nodes';
        });
        // A request without signature is refused by a secret that is there, and fails without one.
        $good = $this->checks('the webhook\'s secret is a secret', static function () use ($webhook): string {
            try {
                $webhook->receive([], '{}');
            } catch (WebhookRefused) {
            }
            return '';
        }) && $good;
        return $good ? self::SUCCESS : self::FAILURE;
    }

    /** @param callable(): string $check */
    private function checks(string $what, callable $check): bool
    {
        try {
            $more = $check();
        } catch (GatepostException $error) {
            $this->error("no: $what: " . $error->getMessage());
            return false;
        }
        $this->line("yes: $what" . ($more === '' ? '' : " ($more)"));
        return true;
    }
}
