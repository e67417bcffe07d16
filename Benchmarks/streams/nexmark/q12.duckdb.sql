SELECT bidder, COUNT(*), time_bucket(INTERVAL 10 SECOND, dateTime) AS w, w + INTERVAL 10 SECOND FROM bid GROUP BY bidder, w
