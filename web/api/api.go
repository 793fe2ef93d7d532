package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"gatepost/auth"
	"gatepost/protocol"
	"gatepost/webhooks"
)

// Gateway carries out what a call asks for. Its errors are *protocol.Problem;
// every other one is answered as an internal error.
type Gateway interface {
	Do(ctx context.Context, a *protocol.Action) (protocol.Result, error)
	Client(ctx context.Context, id string) (*protocol.ClientInfo, error)
	Clients(ctx context.Context, f protocol.ClientFilter, p protocol.Page) ([]protocol.ClientInfo, string, error)
	Session(ctx context.Context, id string) (json.RawMessage, string, error)
	ChangeSession(ctx context.Context, a *protocol.Action) (json.RawMessage, string, error)
	Groups(ctx context.Context, p protocol.Page) (*protocol.GroupList, error)
	Group(ctx context.Context, name string) (protocol.GroupCount, error)
	UIDs(ctx context.Context, groups []string, p protocol.Page) (*protocol.UIDList, error)
	UID(ctx context.Context, uid string) ([]string, error)
	Lookup(ctx context.Context, q *protocol.Lookup) (*protocol.Found, error)
	Stats(ctx context.Context) (*protocol.Stats, error)
	// Alone says that there is no other node, so that every answer is whole.
	Alone() bool
}

// Tokens tells whether an API token is genuine. Its errors are 401 problems that
// hold nothing of the token.
type Tokens interface {
	VerifyAPI(token string) (*auth.APIToken, error)
}

// DeadLetters are the events that no backend took.
type DeadLetters interface {
	Dead(ctx context.Context, p protocol.Page) ([]webhooks.DeadLetter, string, error)
	DeadLetter(ctx context.Context, id string) (*webhooks.DeadLetter, error)
	Replay(ctx context.Context, r protocol.Replay) (int, error)
	Drop(ctx context.Context, id string) error
}

// Nodes are the nodes of the cluster. Its errors are *protocol.Problem, every other
// one is answered as an internal error.
type Nodes interface {
	// Forget declares a silent node lost, for good.
	Forget(ctx context.Context, name string) error
}

// Config is what an operator decides about the API.
type Config struct {
	// MaxPush is the largest message that may be pushed, in bytes.
	MaxPush int
}

// Deps are what the API calls upon.
type Deps struct {
	Gateway Gateway
	Tokens  Tokens
	// DeadLetters may be nil where there are no webhooks: there are none then.
	DeadLetters DeadLetters
	// Nodes may be nil: there is no other node then.
	Nodes Nodes
	// Metrics answers GET /metrics for tokens with scope read; nil: there is no
	// such call.
	Metrics http.Handler
	Log     *slog.Logger
}

// API is the HTTP API of one node.
type API struct {
	cfg Config
	Deps
}

// New makes the API. It serves nothing until Register.
func New(cfg Config, deps Deps) *API {
	if deps.DeadLetters == nil {
		deps.DeadLetters = noDeadLetters{}
	}
	if deps.Nodes == nil {
		deps.Nodes = noNodes{}
	}
	return &API{cfg: cfg, Deps: deps}
}

// Register adds every call to e, and GET /openapi.yaml. e must answer errors
// through HandleError, and route by the path as it was sent: see RawPath.
func (a *API) Register(e *echo.Echo) {
	for _, r := range a.routes() {
		methods := []string{r.method}
		if r.method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
		e.Match(methods, r.path, a.serve(r))
	}
	e.Match([]string{http.MethodGet, http.MethodHead}, descriptionPath, describe)
}

// descriptionPath is where the API describes itself, to anybody.
const descriptionPath = "/openapi.yaml"
