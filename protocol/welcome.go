package protocol

// Welcome is the first frame that a client gets, unless the operator chose another.
const Welcome = `{"type":"welcome","client_id":"{client_id}"}`

// WelcomeWithHeartbeat is the same for a client that asked for a heartbeat.
const WelcomeWithHeartbeat = `{"type":"welcome","client_id":"{client_id}","heartbeat":"{heartbeat}"}`

// Heartbeat is the text that a client sends for a sign of life, and gets back. The
// client's id is in it, so that no message of the application is such a text by chance.
func Heartbeat(clientID string) string { return heartbeatPrefix + clientID }

const heartbeatPrefix = "heartbeat "

// IsHeartbeat says whether a text is that of this client.
func IsHeartbeat(text []byte, clientID string) bool {
	return len(text) == len(heartbeatPrefix)+len(clientID) &&
		string(text[:len(heartbeatPrefix)]) == heartbeatPrefix && string(text[len(heartbeatPrefix):]) == clientID
}
