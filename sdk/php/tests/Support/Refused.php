<?php

declare(strict_types=1);

namespace Gatepost\Tests\Support;

/** A handshake that was answered with a status; getCode() is that, the message the body. */
final class Refused extends \RuntimeException
{
}
