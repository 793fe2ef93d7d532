<?php

declare(strict_types=1);

namespace Gatepost\Exception;

/** The gateway's answer was a problem (RFC 9457). getCode() is its status. */
final class ApiError extends \RuntimeException implements GatepostException
{
    /**
     * @param int $status the HTTP status
     * @param string $problem the problem's stable code, such as client_gone; empty where
     *     the answer wasn't the gateway's own, but a proxy's, say
     * @param string $detail for people
     * @param string|null $field what was wrong, where one thing was
     * @param string $title the status in words
     */
    public function __construct(
        public readonly int $status,
        public readonly string $problem,
        public readonly string $detail = '',
        public readonly ?string $field = null,
        public readonly string $title = '',
        string $call = '',
        ?\Throwable $previous = null,
    ) {
        $said = $problem === '' ? $title : $problem;
        $message = ($call === '' ? '' : "$call: ") . "$status $said";
        $message .= $field === null ? '' : " ($field)";
        parent::__construct($message . ($detail === '' ? '' : ": $detail"), $status, $previous);
    }

    /**
     * @param array<string, mixed> $problem a problem's fields
     * @param string $call what was asked, for the message
     */
    public static function of(array $problem, int $status, string $call): self
    {
        $text = static fn (string $name): string => is_string($problem[$name] ?? null) ? $problem[$name] : '';
        return new self(
            is_int($problem['status'] ?? null) ? $problem['status'] : $status,
            $text('code'),
            $text('detail'),
            $text('field') === '' ? null : $text('field'),
            $text('title'),
            $call,
        );
    }

    /** The client that the call was about isn't connected. */
    public function isClientGone(): bool
    {
        return $this->problem === 'client_gone';
    }
}
