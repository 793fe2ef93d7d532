<?php

declare(strict_types=1);

namespace Gatepost\Exception;

/** Everything that this library throws. No message holds a secret or a token. */
interface GatepostException extends \Throwable
{
}
