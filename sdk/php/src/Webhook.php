<?php

declare(strict_types=1);

namespace Gatepost;

use Gatepost\Event\Batch as EventBatch;
use Gatepost\Exception\InvalidArgument;
use Gatepost\Exception\WebhookRefused;
use Gatepost\Once\Guard;
use Gatepost\Once\Store;
use Gatepost\Testing\FakeWebhook;
use Gatepost\Webhook\Dispatch;
use Gatepost\Webhook\Incoming;
use Gatepost\Webhook\Response;
use Gatepost\Webhook\Runner;
use Gatepost\Webhook\Signature;

/**
 * Receives the gateway's webhooks: what isn't signed by it, just now, is refused and
 * runs nothing; the rest becomes typed events, whose replies it carries out.
 *
 *     (new Webhook())->handle([
 *         'connect' => fn (Connect $event) => Reply::accept()->uid(…)->groups('lobby'),
 *         'message' => fn (Message $event) => Reply::accept()->reply('hello'),
 *     ]);
 */
final class Webhook
{
    /** Levels of JSON that the gateway sends at most. */
    private const DEPTH = 512;

    private ?Signature $signature = null;

    /** @var Secret|null the secrets as they were given, until they are needed */
    private readonly ?Secret $secrets;

    /**
     * Secrets are looked at when the first webhook comes, so that handle() can answer 500
     * where they are missing or wrong.
     *
     * @param string|list<string>|null $secrets whsec_…; several while they are rotated, as a list or
     *     separated by spaces: any of them may have signed. none: GATEPOST_WEBHOOK_SECRET
     * @param int $tolerance seconds that a webhook's timestamp may be off this machine's clock, either way
     * @param int $maxBytes the largest body that is read; the gateway sends less than 2 MiB with its default limits
     */
    public function __construct(
        #[\SensitiveParameter] string|array|null $secrets = null,
        private readonly int $tolerance = 300,
        private readonly int $maxBytes = 8 << 20,
    ) {
        $given = trim(implode(' ', (array) $secrets));
        $this->secrets = $given === '' ? null : new Secret($given);
    }

    /**
     * The verified event, or batch of events, of a request.
     *
     * @param array<string, string|list<string|null>|null>|null $headers by name in any case; null: those
     *     of PHP's current request
     * @param string|null $body its bytes, as they came; null: those of PHP's current request
     * @throws WebhookRefused where it isn't one: its status is what to answer
     * @throws InvalidArgument where there is no usable secret
     */
    public function receive(?array $headers = null, ?string $body = null): Event|EventBatch
    {
        return $this->read($headers === null && $body === null
            ? Incoming::fromGlobals($this->maxBytes)
            : Incoming::of($headers ?? [], $body ?? '', $this->maxBytes));
    }

    /**
     * Handles PHP's current request and sends its answer: the whole of a webhook's script.
     * What a handler prints goes to the error log, and so does an exception, which is
     * answered 500 without a word of it.
     *
     * @param array<string, callable(covariant Event): mixed>|callable(Event): mixed $handlers by event type,
     *     or one for all. Each returns a Reply, an array of a reply's fields, a string (to a
     *     message: sent back), or null. A type without handler is accepted
     */
    public function handle(array|callable $handlers): void
    {
        Runner::run(fn (): Response => $this->respond(
            static fn (int $maxBytes): Incoming => Incoming::fromGlobals($maxBytes),
            $handlers,
        ));
    }

    /**
     * The answer to a request, for a framework to send. Never throws: see Response::$error.
     *
     * @param array<string, string|list<string|null>|null> $headers by name in any case
     * @param string $body its bytes, as they came
     * @param array<string, callable(covariant Event): mixed>|callable(Event): mixed $handlers as handle() takes them
     */
    public function answer(array $headers, string $body, array|callable $handlers): Response
    {
        return $this->respond(
            static fn (int $maxBytes): Incoming => Incoming::of($headers, $body, $maxBytes),
            $handlers,
        );
    }

    /**
     * Makes a handler run once for each event id: a repeat is answered with the stored reply.
     * While the first is still running a repeat waits for it, and is sent away (503, to come
     * again) where that takes too long. A handler that throws, or asks for a retry, is
     * run again.
     *
     * @param array<string, callable(covariant Event): mixed>|callable(Event): mixed $handlers as handle() takes them
     * @param int $ttl seconds for which a reply is kept; the gateway repeats for most of a day
     * @param int $lease seconds after which a handler that said nothing counts as dead; more than the
     *     longest that one may run
     * @param float $wait seconds that a repeat waits for the first; less than the gateway's time-out
     * @return callable(Event): Reply for handle()
     */
    public static function once(
        Store $store,
        array|callable $handlers,
        int $ttl = 86_400,
        int $lease = 60,
        float $wait = 5.0,
    ): callable {
        return new Guard($store, Dispatch::handler($handlers), $ttl, $lease, $wait);
    }

    /** For tests: a gateway's side, which signs requests and calls handlers with made events. */
    public static function fake(): FakeWebhook
    {
        return new FakeWebhook();
    }

    /** @param callable(int): Incoming $incoming */
    private function respond(callable $incoming, array|callable $handlers): Response
    {
        try {
            $event = $this->read($incoming($this->maxBytes));
            return Dispatch::answer($event, Dispatch::handler($handlers));
        } catch (WebhookRefused $refused) {
            $allow = $refused->status === 405 ? ['allow' => 'POST'] : [];
            return Response::refusal($refused->status, $refused->getMessage(), $allow, $refused);
        } catch (\Throwable $error) {
            return Response::text(500, 'internal error', error: $error);
        }
    }

    /** Nothing of the body is looked at before its signature. */
    private function read(Incoming $incoming): Event|EventBatch
    {
        $this->signature ??= new Signature($this->secrets?->reveal() ?? Environment::secret('GATEPOST_WEBHOOK_SECRET'));
        $this->signature->verify(
            $incoming->header('webhook-id'),
            $incoming->header('webhook-timestamp'),
            $incoming->header('webhook-signature'),
            $incoming->body,
            $this->tolerance,
            time(),
        );
        $event = json_decode($incoming->body, true, self::DEPTH, JSON_BIGINT_AS_STRING);
        if (!is_array($event)) {
            throw new WebhookRefused(400, 'the body is not a JSON object');
        }
        $attempt = max(1, (int) $incoming->header('gatepost-attempt'));
        $read = ($event['type'] ?? null) === 'batch' ? new EventBatch($event, $attempt) : Event::from($event, $attempt);
        if ($read->id !== $incoming->header('webhook-id')) {
            throw new WebhookRefused(400, "webhook-id is not the event's id");
        }
        return $read;
    }
}
