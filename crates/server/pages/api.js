// Starts the viewer. In a file of its own because the page allows no inline code.
window.addEventListener("load", () => {
  window.SwaggerUIBundle({
    url: "/api/openapi.json",
    dom_id: "#viewer",
    deepLinking: true,
    displayOperationId: true,
    docExpansion: "list",
    persistAuthorization: true,
    tryItOutEnabled: true,
    validatorUrl: null,
  });
});
