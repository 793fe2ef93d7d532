<?php

declare(strict_types=1);

namespace Gatepost\Calls;

use Gatepost\Exception\ConnectionFailed;
use Gatepost\Json;
use Gatepost\Result\Readiness;
use Gatepost\Result\Stats;

/** @internal calls of Gatepost\Client: the node itself */
trait Node
{
    public function stats(): Stats
    {
        $answer = self::object($this->call('GET', '/stats', scope: 'read'), 'GET /stats');
        return new Stats(
            $answer['clients'] ?? 0,
            $answer['uids'] ?? 0,
            $answer['groups'] ?? 0,
            $answer['nodes'] ?? [],
            $answer['webhooks'] ?? [],
        );
    }

    /** Whether the node answers at all. */
    public function isHealthy(): bool
    {
        try {
            return $this->call('GET', '/healthz', accepted: range(400, 599), scope: '')->status === 200;
        } catch (ConnectionFailed) {
            return false;
        }
    }

    /**
     * Whether the node takes clients, and if not why.
     *
     * @throws ConnectionFailed
     */
    public function readiness(): Readiness
    {
        $response = $this->call('GET', '/readyz', accepted: [503], scope: '');
        $reasons = (Json::decode($response->body) ?? [])['reasons'] ?? [];
        return new Readiness(
            $response->status === 200,
            is_array($reasons) ? array_column($reasons, 'reason', 'check') : [],
        );
    }

    /** The API's description, OpenAPI 3.1, in YAML. */
    public function openapi(): string
    {
        return $this->call('GET', '/openapi.yaml', scope: '')->body;
    }

    /** Prometheus metrics, where the node has no listener of its own for them. */
    public function metrics(): string
    {
        return $this->call('GET', '/metrics', scope: 'read')->body;
    }
}
