<?php

declare(strict_types=1);

namespace Gatepost\Http;

use Gatepost\Exception\ConnectionFailed;

/** How a call gets to the gateway. */
interface Transport
{
    /**
     * @param string|null $token for the authorization header
     * @throws ConnectionFailed where no answer came
     */
    public function send(Request $request, #[\SensitiveParameter] ?string $token): Response;
}
