// Starts the viewer and keeps the sign-in. In a file of its own because the page allows no inline code.
(() => {
  const part = (id) => document.getElementById(id);
  // The viewer's sheet knows the dark by this class.
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const dim = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", dim);
  dim();
  // What unsafe requests with the session's cookie must bear.
  let csrfToken = null;

  const show = (session) => {
    csrfToken = session ? session.csrf_token : null;
    part("sign-in").hidden = Boolean(session);
    part("signed-in").hidden = !session;
    if (session) {
      const roles = session.memberships.map((one) => `${one.organisation_name} ${one.role_name_zh}`);
      part("who").textContent = `${session.staff_name}（${roles.join("、")}）`;
    }
  };

  const call = async (method, body) => {
    const headers = { "content-type": "application/json" };
    if (csrfToken) headers["x-csrf-token"] = csrfToken;
    const answer = await fetch("/api/v1/session", { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    return { ok: answer.ok, status: answer.status, body: text ? JSON.parse(text) : null };
  };

  const begin = async () => {
    const answer = await call("GET");
    show(answer.ok ? answer.body : null);
  };

  part("sign-in").addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await call("POST", { login_name: part("login").value, password: part("password").value });
    part("password").value = "";
    part("said").textContent = answer.ok ? "" : answer.body.title;
    show(answer.ok ? answer.body : null);
  });

  part("sign-out").addEventListener("click", async () => {
    await call("DELETE");
    show(null);
  });

  window.addEventListener("load", () => {
    window.SwaggerUIBundle({
      url: "/api/openapi.json",
      dom_id: "#viewer",
      deepLinking: true,
      displayOperationId: true,
      docExpansion: "list",
      tryItOutEnabled: true,
      validatorUrl: null,
      requestInterceptor: (request) => {
        if (csrfToken && request.method !== "GET") request.headers["X-CSRF-Token"] = csrfToken;
        return request;
      },
      responseInterceptor: (response) => {
        // Signing in or out by trying the operation itself counts too.
        if (new URL(response.url).pathname === "/api/v1/session") begin();
        return response;
      },
    });
    begin();
  });
})();
