<?php

// Takes every client, and no message: each becomes a dead letter.
if (json_decode((string) file_get_contents('php://input'))->type === 'message') {
    http_response_code(400);
    echo 'no, thank you';
}
