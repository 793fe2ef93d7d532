<?php

declare(strict_types=1);

namespace Gatepost\Tests\Support;

/** What ConnectingTest asks, in its own process and in a backend's. */
final class Asked
{
    /** What a handler asks once it has bound its client to 42 and put it into room and 7. */
    public const CALLS = [
        'isUidOnline' => [42],
        'isUidsOnline' => [[42, 'eva']],
        'getClientIdByUid' => [42],
        'batchGetClientIdByUid' => [[42]],
        'getAllUidList' => [],
        'getAllUidCount' => [],
        'getUidListByGroup' => ['room'],
        'getUidCountByGroup' => ['room'],
        'getAllClientCount' => [],
        'getAllClientIdList' => [],
        'getClientIdListByGroup' => ['room'],
        'getClientCountByGroup' => ['room'],
        'batchGetClientIdCountByGroup' => [['room', 'empty']],
        'getAllGroupIdList' => [],
        'getAllGroupUidCount' => [],
        'getAllGroupUidList' => [],
        'getAllGroupClientIdCount' => [],
        'getAllGroupClientIdList' => [],
        'getAllClientSessions' => [],
        'getClientSessionsByGroup' => ['empty'],
    ];
}
