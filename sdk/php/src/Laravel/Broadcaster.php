<?php

declare(strict_types=1);

namespace Gatepost\Laravel;

use Gatepost\Client;
use Gatepost\Exception\GatepostException;
use Illuminate\Broadcasting\Broadcasters\Broadcaster as BaseBroadcaster;
use Illuminate\Broadcasting\Broadcasters\UsePusherChannelConventions;
use Illuminate\Broadcasting\BroadcastException;
use Illuminate\Support\Arr;
use Symfony\Component\HttpKernel\Exception\AccessDeniedHttpException;

/**
 * Laravel's broadcasts over Gatepost. A channel is the group of its name, a socket id the
 * client_id; a broadcast is {"event", "channel", "data"}.
 *
 * /broadcasting/auth does what a subscription does elsewhere: it lets the client join. That
 * route is open to other sites' pages (Laravel checks no CSRF token there), which may send
 * a visitor's cookies with a client_id of their own. So a private or presence channel is
 * joined only by a client whose uid is the user's: one that connected with the token of
 * TokenController, or was given that uid when it connected.
 */
final class Broadcaster extends BaseBroadcaster
{
    use UsePusherChannelConventions;

    public function __construct(private readonly Client $client)
    {
    }

    /**
     * Lets the request's client (socket_id) join its channel (channel_name), or leave it (leave=1).
     *
     * @param \Illuminate\Http\Request $request
     * @return mixed
     * @throws AccessDeniedHttpException
     */
    public function auth($request)
    {
        $channel = $request->input('channel_name');
        $socket = $request->input('socket_id');
        if (!is_string($channel) || $channel === '' || !self::isClientId($socket)) {
            throw new AccessDeniedHttpException();
        }
        if ($this->isGuardedChannel($channel)) {
            $user = $this->retrieveUser($request, $this->normalizeChannelName($channel));
            if ($user === null || $this->client->client($socket)?->uid !== Users::id($user)) {
                throw new AccessDeniedHttpException();
            }
        }
        if ($request->boolean('leave')) {
            Presence::leave($this->client, $socket, $channel);
            return ['left' => $channel];
        }
        if (!$this->isGuardedChannel($channel)) {
            $this->client->join($socket, $channel);
            return ['joined' => $channel];
        }
        return $this->verifyUserCanAccessChannel($request, $this->normalizeChannelName($channel));
    }

    /**
     * @param \Illuminate\Http\Request $request
     * @param mixed $result what the channel's callback returned: of a presence channel the user's info
     * @return array<string, mixed>
     */
    public function validAuthenticationResponse($request, $result)
    {
        $channel = (string) $request->input('channel_name');
        $socket = (string) $request->input('socket_id');
        if (!Presence::isPresence($channel)) {
            $this->client->join($socket, $channel);
            return ['joined' => $channel];
        }
        $user = $this->retrieveUser($request, $this->normalizeChannelName($channel));
        $member = ['id' => Users::id($user), 'info' => $result];
        return ['joined' => $channel, 'members' => Presence::join($this->client, $socket, $channel, $member)];
    }

    /**
     * @param array<mixed> $channels
     * @param string $event
     * @param array<string, mixed> $payload
     * @throws BroadcastException
     */
    public function broadcast(array $channels, $event, array $payload = []): void
    {
        $socket = Arr::pull($payload, 'socket');
        $except = self::isClientId($socket) ? [$socket] : [];
        $batch = $this->client->batch();
        foreach ($this->formatChannels($channels) as $channel) {
            $batch->send(
                json: ['event' => $event, 'channel' => $channel, 'data' => (object) $payload],
                groups: [$channel],
                exceptClients: $except,
            );
        }
        try {
            foreach ($batch->run() as $result) {
                if ($result->error !== null) {
                    throw $result->error;
                }
            }
        } catch (GatepostException $error) {
            throw new BroadcastException('Gatepost: ' . $error->getMessage(), 0, $error);
        }
    }

    private static function isClientId(mixed $id): bool
    {
        return is_string($id) && preg_match('/^[a-z0-9]{1,40}$/D', $id) === 1;
    }
}
