<?php

declare(strict_types=1);

namespace Gatepost;

use Gatepost\Exception\ApiError;
use Gatepost\Exception\ConnectionFailed;
use Gatepost\Exception\InvalidArgument;
use Gatepost\Http\CurlTransport;
use Gatepost\Http\Request;
use Gatepost\Http\Response;
use Gatepost\Http\Transport;
use Gatepost\Token\ApiToken;
use Gatepost\Token\Scope;
use Gatepost\Token\Signer;

/**
 * The gateway's HTTP API: a method for each call, over one connection that is kept.
 *
 * Every call throws an ApiError where the gateway answers with a problem, and
 * ConnectionFailed where it doesn't answer. Calls that read, and calls that never
 * reached the gateway, are tried once more; others aren't: a repeated push is sent twice.
 */
final class Client
{
    use Calls\Pushing;
    use Calls\Clients;
    use Calls\Groups;
    use Calls\Uids;
    use Calls\Sessions;
    use Calls\Actions;
    use Calls\DeadLetters;
    use Calls\Node;

    private const OPTIONS = ['connect_timeout', 'timeout', 'scope', 'token_ttl', 'curl', 'transport'];

    private readonly string $url;
    private readonly ?Signer $signer;
    private readonly ApiToken $token;
    private readonly Transport $transport;

    /** @var list<string> nodes that the last answer lacks */
    private array $partial = [];

    /**
     * @param string|null $url the gateway's; null: GATEPOST_URL, else http://127.0.0.1:8080
     * @param string|null $secret GATEPOST_SECRET, from which tokens are minted; null or '': the environment's
     * @param string|null $token a ready token for the API, used instead of minting one; null or '': GATEPOST_TOKEN
     * @param array{connect_timeout?: int|float, timeout?: int|float, scope?: string, token_ttl?: int,
     *     curl?: array<int, mixed>, transport?: Transport} $options seconds to connect (2) and for a
     *     whole call (10); the scope (what each call needs) and life in seconds (300) of minted tokens; more of curl's
     *     options; another transport
     */
    public function __construct(
        ?string $url = null,
        #[\SensitiveParameter] ?string $secret = null,
        #[\SensitiveParameter] ?string $token = null,
        array $options = [],
    ) {
        foreach (array_diff(array_keys($options), self::OPTIONS) as $unknown) {
            throw new InvalidArgument("options[$unknown]", 'is no option; there are ' . implode(', ', self::OPTIONS));
        }
        foreach (['connect_timeout', 'timeout', 'token_ttl'] as $seconds) {
            if (($options[$seconds] ?? 1) <= 0) {
                throw new InvalidArgument("options[$seconds]", 'must be more than 0 seconds');
            }
        }
        // What is given counts before the environment, the token before the secret; what is empty, as a
        // framework has a variable without value, isn't given.
        $secret = $secret === '' ? null : $secret;
        $token = $token === '' ? null : $token;
        if ($token === null && $secret === null) {
            $token = Environment::secret('GATEPOST_TOKEN');
        }
        $secret ??= Environment::secret('GATEPOST_SECRET');
        $this->url = rtrim($url ?? Environment::get('GATEPOST_URL') ?: 'http://127.0.0.1:8080', '/');
        $this->signer = $secret === '' ? null : new Signer($secret);
        $this->token = new ApiToken(
            $this->signer,
            trim($token ?? ''),
            $options['scope'] ?? null,
            $options['token_ttl'] ?? 300,
        );
        $this->transport = $options['transport'] ?? new CurlTransport(
            $this->url,
            (float) ($options['connect_timeout'] ?? 2),
            (float) ($options['timeout'] ?? 10),
            $options['curl'] ?? [],
        );
    }

    /**
     * A token with which a client may connect, for a page to put into its WebSocket's URL.
     *
     * @param string|int|null $uid null: a client without uid
     * @param list<string|int> $groups it is in from the start
     * @param array<string, mixed> $session its session begins with
     * @param int $ttl seconds in which it must connect
     * @param int|null $until unix time at which the connection is closed with 4001
     * @param string|null $issuer one of the gateway's GATEPOST_CLIENT_ISSUER, where that is set
     */
    public function clientToken(
        string|int|null $uid = null,
        array $groups = [],
        array $session = [],
        int $ttl = 60,
        ?int $until = null,
        ?string $issuer = null,
    ): string {
        if ($this->signer === null) {
            throw new InvalidArgument('secret', 'is needed to mint tokens for clients');
        }
        $claims = ['aud' => 'gatepost:client', 'exp' => time() + $ttl];
        if ($uid !== null) {
            $claims['sub'] = Name::uid($uid);
        }
        if ($groups !== []) {
            $claims['groups'] = Name::groups($groups);
        }
        if ($session !== []) {
            $claims['session'] = (object) $session;
        }
        if ($until !== null) {
            $claims['until'] = $until;
        }
        if ($issuer !== null) {
            $claims['iss'] = $issuer;
        }
        return $this->signer->sign($claims);
    }

    /** Actions to be gathered and done in one call. */
    public function batch(): Batch
    {
        return new Batch($this);
    }

    /**
     * The nodes of a cluster that didn't answer in time for the last call's answer,
     * which lacks what they have.
     *
     * @return list<string>
     */
    public function partial(): array
    {
        return $this->partial;
    }

    /**
     * Any call, by hand. Names belong into the body: proxies decode a path, and take ".." for a step.
     *
     * @param array<string, string|int|bool|list<string>|null> $query null: not given; a list: repeated
     * @param array<string, string> $headers by lower-case name
     * @param list<int> $accepted statuses that are answers, besides 2xx
     * @param string $scope of a token that is minted for it
     * @param bool|null $reads it changes nothing, and may be sent again; null: a GET or HEAD doesn't
     * @throws ApiError
     * @throws ConnectionFailed
     */
    public function call(
        string $method,
        string $path,
        array $query = [],
        ?string $body = null,
        array $headers = [],
        array $accepted = [],
        string $scope = '*',
        ?bool $reads = null,
    ): Response {
        $request = new Request($method, $path . self::query($query), $body, $headers, $reads);
        $response = $this->transport->send($request, $this->token->get($scope));
        if ($response->status === 401 && $this->token->renew($scope)) {
            $response = $this->transport->send($request, $this->token->get($scope));
        }
        $this->partial = isset($response->headers['gatepost-partial'])
            ? array_map('trim', explode(',', $response->headers['gatepost-partial']))
            : [];
        if (intdiv($response->status, 100) === 2 || in_array($response->status, $accepted, true)) {
            return $response;
        }
        if ($method === 'HEAD') { // its answer can't say what is wrong
            return $this->call('GET', $path, $query, null, $headers, $accepted, $scope);
        }
        $problem = Json::decode($response->body) ?? [];
        if ($response->status === 401 && $this->token->get($scope) === null) {
            $problem['detail'] = 'there is no secret and no token: give one, or set GATEPOST_SECRET or GATEPOST_TOKEN';
        }
        throw ApiError::of($problem, $response->status, "$method $path");
    }

    /** @return array<string, mixed> */
    public function __debugInfo(): array
    {
        return ['url' => $this->url, 'secret' => '(hidden)', 'token' => '(hidden)'];
    }

    /**
     * Does what one action would: its call has the action's fields in its body.
     *
     * @param array<string, mixed> $action
     * @return array<string, mixed>
     */
    private function act(string $path, array $action): array
    {
        $scope = Scope::of($action);
        unset($action['action']);
        $response = $this->call('POST', $path, body: Json::encode((object) $action), scope: $scope);
        return self::object($response, "POST $path");
    }

    /**
     * Reads, with the names in the body.
     *
     * @param array<string, mixed> $body null: not given
     * @return array<string, mixed>
     */
    private function read(string $path, array $body, string $scope = 'read'): array
    {
        $given = array_filter($body, static fn (mixed $value): bool => $value !== null && $value !== []);
        $response = $this->call('POST', $path, body: Json::encode((object) $given), scope: $scope, reads: true);
        return self::object($response, "POST $path");
    }

    private static function gone(string $clientId, string $call): ApiError
    {
        return new ApiError(404, 'client_gone', "there is no client $clientId", 'client_id', 'Not Found', $call);
    }

    /** @return array<string, mixed> */
    private static function object(Response $response, string $call): array
    {
        return Json::decode($response->body)
            ?? throw new ApiError($response->status, '', 'the answer is not JSON', call: $call);
    }

    /** @param array<string, string|int|bool|list<string>|null> $query */
    private static function query(array $query): string
    {
        $parts = [];
        foreach ($query as $name => $values) {
            foreach (is_array($values) ? $values : [$values] as $value) {
                if ($value !== null && $value !== false) {
                    $parts[] = $name . '=' . rawurlencode($value === true ? 'true' : (string) $value);
                }
            }
        }
        return $parts === [] ? '' : '?' . implode('&', $parts);
    }
}
