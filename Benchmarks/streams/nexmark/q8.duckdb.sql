SELECT DISTINCT P.id, P.name, time_bucket(INTERVAL 10 SECOND, P.dateTime) AS w
FROM person P JOIN auction A
ON P.id = A.seller AND time_bucket(INTERVAL 10 SECOND, A.dateTime) = time_bucket(INTERVAL 10 SECOND, P.dateTime)
