import Edge

extension ManagementService {
    /// `GET /api/v1/subscribe?q=SQL` or `?criterion=MQL`: the rows of a live query as they come.
    func serveSubscription(_ request: HTTPRequest, _ responder: Responder) throws(APIError) {
        try only("GET", in: request)
        guard request.method == "GET" else {
            return responder.respond(status: 200, headers: [("Content-Type", "text/event-stream")], body: [])
        }
        try subscriptions.subscribe(SubscriptionRequest(request, limits: subscriptions.limits), responder)
    }
}
