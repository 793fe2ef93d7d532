package api

import (
	_ "embed"
	"net/http"

	"github.com/labstack/echo/v4"
)

//go:embed openapi.yaml
var openAPI []byte

// OpenAPI is the description of the whole HTTP API, in OpenAPI 3.1.
func OpenAPI() []byte { return openAPI }

func describe(c echo.Context) error {
	return c.Blob(http.StatusOK, "application/yaml", openAPI)
}
