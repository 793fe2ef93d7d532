<?php

declare(strict_types=1);

namespace Gatepost\Token;

use Gatepost\Secret;

/**
 * The token of a client's API calls: a given one, or one that is minted from the
 * secret when it is needed and renewed before it expires.
 *
 * @internal
 */
final class ApiToken
{
    /** Seconds before its end at which a token is renewed: longer than any call may take to arrive. */
    private const MARGIN = 30;

    private ?Secret $token = null;
    private int $renewAt = 0;

    /**
     * @param string $given the token, or '' to mint it
     * @param int $ttl seconds that a minted token is good for
     */
    public function __construct(
        private readonly ?Signer $signer,
        #[\SensitiveParameter] string $given,
        private readonly string $scope,
        private readonly int $ttl,
    ) {
        if ($given !== '') {
            $this->token = new Secret($given);
            $this->renewAt = PHP_INT_MAX;
        }
    }

    /** The token, renewed if it needs to be; null where there is nothing to make one of. */
    public function get(): ?string
    {
        if ($this->renewAt <= time()) {
            $this->mint();
        }
        return $this->token?->reveal();
    }

    /**
     * Renews a token that was refused. A clock that was put right is what refuses
     * a token that looked good from here.
     *
     * @return bool there is another token now
     */
    public function renew(): bool
    {
        if ($this->renewAt === PHP_INT_MAX || $this->signer === null) {
            return false;
        }
        $before = $this->token?->reveal();
        $this->mint();
        return $before !== $this->token?->reveal();
    }

    private function mint(): void
    {
        if ($this->signer === null) {
            return;
        }
        $now = time();
        $this->token = new Secret($this->signer->sign([
            'aud' => 'gatepost:api',
            'exp' => $now + $this->ttl,
            'scope' => $this->scope,
        ]));
        $this->renewAt = $now + max(1, $this->ttl - self::MARGIN);
    }
}
