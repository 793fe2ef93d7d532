<?php

declare(strict_types=1);

namespace Gatepost\Laravel;

use Gatepost\Client;
use Illuminate\Contracts\Config\Repository;
use Illuminate\Http\JsonResponse;
use Illuminate\Http\Request;

/** Gives the page's user a token to connect with: {"token": "…"}. Its uid is the user's. */
final class TokenController
{
    public function __construct(private readonly Client $client, private readonly Repository $config)
    {
    }

    public function __invoke(Request $request): JsonResponse
    {
        $user = $request->user();
        if ($user === null && !$this->config->get('gatepost.client_token.guests')) {
            return new JsonResponse(['message' => 'Unauthenticated.'], 401);
        }
        $token = $this->client->clientToken(
            $user === null ? null : Users::id($user),
            ttl: (int) $this->config->get('gatepost.client_token.ttl', 60),
            issuer: $this->config->get('gatepost.client_token.issuer'),
        );
        return new JsonResponse(['token' => $token], 200, ['cache-control' => 'no-store']);
    }
}
