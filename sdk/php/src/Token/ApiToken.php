<?php

declare(strict_types=1);

namespace Gatepost\Token;

use Gatepost\Secret;

/**
 * The tokens of a client's API calls: a given one, or ones that are minted from the secret, each
 * for one scope, when they are needed, and renewed before they expire.
 *
 * @internal
 */
final class ApiToken
{
    /** Seconds before its end at which a token is renewed: longer than any call may take to arrive. */
    private const MARGIN = 30;
    /** Minted tokens that are kept. */
    private const KEPT = 100;

    private readonly ?Secret $given;
    /** @var array<string, array{Secret, int}> minted, by scope; each with the time at which it is renewed */
    private array $minted = [];

    /**
     * @param string $given the token, or '' to mint it
     * @param string|null $scope of each minted token; null: what the call needs
     * @param int $ttl seconds that a minted token is good for
     */
    public function __construct(
        private readonly ?Signer $signer,
        #[\SensitiveParameter] string $given,
        private readonly ?string $scope,
        private readonly int $ttl,
    ) {
        $this->given = $given === '' ? null : new Secret($given);
    }

    /**
     * The token for a call, renewed if it needs to be; null where there is nothing to make one of.
     *
     * @param string $scope what the call needs
     */
    public function get(string $scope): ?string
    {
        if ($this->given !== null || $this->signer === null) {
            return $this->given?->reveal();
        }
        $scope = $this->scope ?? $scope;
        [$token, $renewAt] = $this->minted[$scope] ?? [null, 0];
        return $renewAt > time() ? $token->reveal() : $this->mint($scope);
    }

    /**
     * Renews the token of a call, which was refused. A clock that was put right is what refuses
     * a token that looked good from here.
     *
     * @return bool there is another token now
     */
    public function renew(string $scope): bool
    {
        if ($this->given !== null || $this->signer === null) {
            return false;
        }
        $before = $this->get($scope);
        return $before !== $this->mint($this->scope ?? $scope);
    }

    private function mint(string $scope): string
    {
        $now = time();
        $token = $this->signer->sign(['aud' => 'gatepost:api', 'exp' => $now + $this->ttl, 'scope' => $scope]);
        if (count($this->minted) >= self::KEPT) {
            $this->minted = [];
        }
        $this->minted[$scope] = [new Secret($token), $now + max(1, $this->ttl - self::MARGIN)];
        return $token;
    }
}
